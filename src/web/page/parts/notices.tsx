import { signal } from '@preact/signals';
import { ApiError } from '../api/call.ts';

interface Notice {
  readonly number: number;
  readonly text: string;
  readonly isError: boolean;
}

const shownForMs = 6_000;
const notices = signal<readonly Notice[]>([]);
let lastNumber = 0;

/** Says something that has been done, for a moment. */
export function notify(text: string): void {
  show(text, false);
}

/** Says why something did not work, until it is dismissed. */
function notifyError(error: unknown): void {
  if (error instanceof DOMException && error.name === 'AbortError') return;
  show(sentenceOf(error), true);
}

/** An error as a sentence for people. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return error instanceof Error ? `This page has a fault: ${error.message}` : 'This page has a fault.';
}

/** Does something; says so if it does not work. Answers whether it did. */
export async function attempt(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    notifyError(error);
    return false;
  }
}

/** What the page has to say, in a corner. */
export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map(({ number, text, isError }) => (
        <p key={number} class={isError ? 'notice error' : 'notice'}>
          {text}
          <button
            type="button"
            class="quiet"
            onClick={() => {
              dismiss(number);
            }}
          >
            <span aria-hidden="true">×</span>
            <span class="unseen">Dismiss</span>
          </button>
        </p>
      ))}
    </div>
  );
}

function show(text: string, isError: boolean): void {
  const number = (lastNumber += 1);
  // The same sentence twice tells nothing more.
  notices.value = [...notices.value.filter((notice) => notice.text !== text), { number, text, isError }];
  if (!isError) setTimeout(dismiss, shownForMs, number);
}

function dismiss(number: number): void {
  notices.value = notices.value.filter((notice) => notice.number !== number);
}
