import * as ort from 'onnxruntime-web';

/** onnxruntime-web on the trunk's network: the reference for agreement and for speed. */
export class OnnxReference {
  readonly #session: ort.InferenceSession;
  readonly #input: Float32Array;

  private constructor(session: ort.InferenceSession, pixels: number) {
    this.#session = session;
    this.#input = new Float32Array(pixels * 3);
  }

  /** Loads an ONNX file for photos of `pixels` pixels, on `threads` threads of WebAssembly SIMD. */
  static async load(model: Uint8Array, pixels: number, threads: number): Promise<OnnxReference> {
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
    return new OnnxReference(
      await ort.InferenceSession.create(model, {
        executionProviders: ['wasm'],
        graphOptimizationLevel: 'all',
      }),
      pixels,
    );
  }

  /** The features of a photo `[height × width × 3]`; colours are parted and scaled before, outside the time that is measured. */
  async describe(rgb: Uint8Array, side: number): Promise<{ features: Float32Array; ms: number }> {
    const pixels = side * side;
    for (let i = 0; i < pixels; i += 1) {
      for (let colour = 0; colour < 3; colour += 1)
        this.#input[colour * pixels + i] = ((rgb[3 * i + colour] ?? 0) - 127) / 128;
    }
    const tensor = new ort.Tensor('float32', this.#input, [1, 3, side, side]);
    const start = performance.now();
    const { features } = await this.#session.run({ rgb: tensor });
    const ms = performance.now() - start;
    if (!(features?.data instanceof Float32Array)) throw new Error('the reference gave no features');
    return { features: features.data.slice(), ms };
  }
}
