/** What Node has of the WebAssembly JavaScript interface, and the kernel uses; TypeScript knows it only together with the DOM. */
declare namespace WebAssembly {
  /** A compiled module: stateless, may be sent to worker threads. */
  class Module {
    private constructor();
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  /** Linear memory; `buffer` is another one after it has grown. */
  class Memory {
    private constructor();
    readonly buffer: ArrayBuffer;
  }

  /** Compiles a binary in the background. */
  function compile(bytes: Uint8Array): Promise<Module>;
}
