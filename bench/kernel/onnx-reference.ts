import * as ort from 'onnxruntime-web';

/** onnxruntime-web on the trunk's network: the reference for agreement and for speed. */
export class OnnxReference {
  readonly #session: ort.InferenceSession;
  readonly #size: { readonly width: number; readonly height: number };

  private constructor(
    session: ort.InferenceSession,
    size: { readonly width: number; readonly height: number },
  ) {
    this.#session = session;
    this.#size = size;
  }

  /** Loads an ONNX file for photos of a size, on `threads` threads of WebAssembly SIMD. */
  static async load(
    model: Uint8Array,
    size: { readonly width: number; readonly height: number },
    threads: number,
  ): Promise<OnnxReference> {
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
    const options = { executionProviders: ['wasm'], graphOptimizationLevel: 'all' } as const;
    return new OnnxReference(await ort.InferenceSession.create(model, options), size);
  }

  /** The features of a photo `[height × width × 3]`; `ms` is the network alone, without scaling and parting the colours. */
  async describe(rgb: Uint8Array): Promise<{ features: Float32Array; ms: number }> {
    const { width, height } = this.#size;
    const pixels = width * height;
    const planes = Float32Array.from({ length: 3 * pixels }, (_, at) => {
      const [colour, pixel] = [Math.floor(at / pixels), at % pixels];
      return ((rgb[3 * pixel + colour] ?? 0) - 127) / 128;
    });
    const tensor = new ort.Tensor('float32', planes, [1, 3, height, width]);
    const start = performance.now();
    const { features } = await this.#session.run({ rgb: tensor });
    const ms = performance.now() - start;
    if (!(features?.data instanceof Float32Array)) throw new Error('the reference gave no features');
    return { features: features.data.slice(), ms };
  }

  /** Frees the network. */
  async close(): Promise<void> {
    await this.#session.release();
  }
}
