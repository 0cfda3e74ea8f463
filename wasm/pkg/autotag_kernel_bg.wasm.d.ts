/* tslint:disable */
/* eslint-disable */
export const memory: WebAssembly.Memory;
export const __wbg_scoretile_free: (a: number, b: number) => void;
export const __wbg_trunkkernel_free: (a: number, b: number) => void;
export const scoretile_margins: (a: number) => number;
export const scoretile_new: (a: number, b: number, c: number, d: number) => number;
export const scoretile_offsets: (a: number) => number;
export const scoretile_run: (a: number, b: number, c: number) => void;
export const scoretile_weights: (a: number) => number;
export const scoretile_x: (a: number) => number;
export const trunkkernel_depthwise: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number) => [number, number];
export const trunkkernel_dims: (a: number) => number;
export const trunkkernel_features: (a: number) => number;
export const trunkkernel_finish: (a: number, b: number) => [number, number, number];
export const trunkkernel_new: (a: number, b: number) => number;
export const trunkkernel_photo: (a: number) => number;
export const trunkkernel_pointwise: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number) => [number, number];
export const trunkkernel_run: (a: number, b: number, c: number) => void;
export const trunkkernel_stem: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number, l: number, m: number) => [number, number];
export const __wbindgen_externrefs: WebAssembly.Table;
export const __wbindgen_malloc: (a: number, b: number) => number;
export const __wbindgen_free: (a: number, b: number, c: number) => void;
export const __externref_table_dealloc: (a: number) => void;
export const __wbindgen_start: () => void;
