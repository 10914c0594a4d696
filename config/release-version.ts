/** The release of Fairlead; a test holds it to package.json, which the layers keep out of the bundle. */
export const VERSION = "0.1.0";
