/** What is wrong with a part of the input that is left out. */
export type InputProblemCode =
  /** A line has too few or too many fields. */
  | 'fields'
  /** Neither TRUE nor FALSE. */
  | 'boolean'
  /** A photo id or class name that cannot be one. */
  | 'photo-id'
  | 'class'
  /** Bytes that are no UTF-8. */
  | 'encoding'
  | 'base64'
  | 'too-long'
  /** Another line has the same photo id and other bytes. */
  | 'duplicate'
  /** A compressed file ends too early or is damaged; what came before is used. */
  | 'cut'
  /** A file or folder of photos that cannot be read. */
  | 'unreadable'
  /** A link to a folder that it is in. */
  | 'loop'
  /** A folder without photos. */
  | 'empty'
  /** A photo that is in no class's folder. */
  | 'no-class';

/** A part of the input that is left out; plain data. */
export interface InputProblem {
  readonly code: InputProblemCode;
  readonly file: string;
  /** From 1. */
  readonly line?: number;
  /** What is wrong, to stand after "it" or "line 7". */
  readonly reason: string;
}

/** Told of what is left out; the rest goes on. */
export type OnInputProblem = (problem: InputProblem) => void;
