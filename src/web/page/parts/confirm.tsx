import { signal } from '@preact/signals';
import { Modal } from './modal.tsx';

interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly act: string;
}

const asked = signal<Question & { readonly answer: (yes: boolean) => void }>();

/** Asks before something that cannot be undone, or that others notice. */
export function confirmed(question: Question): Promise<boolean> {
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = undefined;
        resolve(yes);
      },
    };
  });
}

/** Where {@link confirmed} asks. */
export function Confirmation() {
  if (asked.value === undefined) return null;
  const { title, text, act, answer } = asked.value;
  return (
    <Modal
      title={title}
      onClose={() => {
        answer(false);
      }}
    >
      <p>{text}</p>
      <div class="actions">
        <button
          type="button"
          onClick={() => {
            answer(false);
          }}
        >
          Cancel
        </button>
        <button
          type="button"
          class="primary"
          onClick={() => {
            answer(true);
          }}
        >
          {act}
        </button>
      </div>
    </Modal>
  );
}
