import type { CancelTimer } from '../../base/clock.ts';
import type { Context } from '../../runtime/index.ts';

/** Events that come together are answered by one look, ms. */
const promptMs = 20;

/** When an actor looks next: soon when prompted, however often; otherwise after a while. It is a message to itself. */
export class NextLook<Message> {
  readonly #context: Context<Message>;
  readonly #message: Message;
  #cancel: CancelTimer = () => undefined;
  #prompted = false;

  constructor(context: Context<Message>, message: Message) {
    this.#context = context;
    this.#message = message;
  }

  /** Something has happened. */
  readonly prompt = (): void => {
    if (this.#prompted) return;
    this.within(promptMs);
    this.#prompted = true;
  };

  /** Looks once more after `delayMs`, unless it has been prompted. */
  within(delayMs: number): void {
    if (this.#prompted) return;
    this.#cancel();
    this.#cancel = this.#context.after(delayMs, this.#message);
  }

  /** The message is there. */
  begin(): void {
    this.#prompted = false;
    this.#cancel();
  }
}
