/** An isolate's first snapshot: takes in one revision in a process where none of that code has run before. */
import { SignedPayload } from "../protocol.ts";
import { takeIn } from "../take-in.ts";
import { endWithParent, onOrder } from "./parent.ts";

endWithParent();
onOrder((order) => takeIn(SignedPayload.parse(order)));
