import { Fault } from '../base/errors.ts';
import { allFinite } from './finite.ts';

/** Rows that a batch can hold at most. */
export const maxRows = 8192;
/** Dimensions that features can have at most. */
export const maxDims = 8192;

/** Throws Fault `REQUEST_INVALID` unless an array has the length that its shape needs. */
export function checkLength(name: string, array: ArrayLike<number>, ...shape: readonly number[]): void {
  if (array.length !== shape.reduce((product, size) => product * size, 1))
    refuse(`${name} are ${String(array.length)} numbers, not ${shape.join(' × ')}`);
}

/** Throws Fault `REQUEST_INVALID` unless all numbers are finite. */
export function checkFinite(name: string, ...values: readonly (Float32Array | Float64Array)[]): void {
  if (!values.every(allFinite)) refuse(`${name} have a value that is not a finite number`);
}

/** Throws Fault `REQUEST_INVALID` unless `value` is an integer within bounds. */
export function checkCount(name: string, value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    refuse(`${name} is ${String(value)}, not an integer between ${String(low)} and ${String(high)}`);
}

/** Throws Fault `REQUEST_INVALID` unless `value` is a number within bounds. */
export function checkNumber(name: string, value: number, low: number, high = Number.MAX_VALUE): void {
  if (!(value >= low && value <= high))
    refuse(`${name} is ${String(value)}, not between ${String(low)} and ${String(high)}`);
}

/** Refuses with Fault `REQUEST_INVALID`. */
export function refuse(reason: string): never {
  throw new Fault('REQUEST_INVALID', { reason });
}
