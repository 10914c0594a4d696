/** What one client alone would see: the sequential object that a concurrent one has to look like. */
export type Specification<S, I, O> = {
  readonly initial: S;
  /**
   * The states that the operation can leave behind when it starts in `state` and answers `output`; none when it could not
   * have answered that. `output` is undefined when nobody was told: then every state that the operation can lead to.
   */
  readonly step: (state: S, input: I, output: O | undefined) => readonly S[];
  /** The same text for two states that no later operation can tell apart, and only for those. */
  readonly key: (state: S) => string;
  /**
   * Whether an operation that answers so leaves every state as it is, as reads do. Then it is best done with as soon as it
   * can be, and the search need not try it later as well. Nothing is taken to be such when absent.
   */
  readonly isRead?: (input: I, output: O) => boolean;
  /** Operations with different names never see each other's effects, so each name is checked by itself. */
  readonly partition?: (input: I) => string;
};
