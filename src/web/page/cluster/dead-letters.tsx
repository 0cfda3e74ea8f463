import { deadLetters, removeDead, retryDead, type DeadSelection } from '../api/cluster.ts';
import { session } from '../api/session.ts';
import type { DeadLetter } from '../api/types.ts';
import { confirmed } from '../parts/confirm.tsx';
import { Failure } from '../parts/failure.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { bytes, counted, when } from '../parts/numbers.ts';
import { photoName } from '../parts/photo-name.ts';
import { useResource } from '../parts/resource.ts';

const everyMs = 5_000;

interface DeadLettersOptions {
  /** How many there are, if that is known. */
  readonly letters: number | undefined;
}

/** Photos that could not be tagged, with the reason; they are kept until somebody decides. */
export function DeadLetters({ letters }: DeadLettersOptions) {
  const mayAct = session.value?.role === 'operator';
  const { value, error, reload } = useResource((signal) => deadLetters(0, signal), {
    key: `dead ${String(letters)}`,
    // One that is retried in vain may be there again before its absence was told.
    ...(mayAct ? { everyMs } : {}),
  });
  const act = (doing: Promise<boolean>) => void doing.then(reload);
  return (
    <section aria-labelledby="dead" class="card">
      <h2 id="dead">Dead letters</h2>
      {error !== undefined && <Failure error={error} retry={reload} />}
      {value?.letters.length === 0 && (
        <p class="muted">None. Photos that cannot be tagged are kept here with the reason.</p>
      )}
      {value !== undefined && value.letters.length > 0 && (
        <>
          <ul class="letters">
            {value.letters.map((letter) => (
              <Letter key={letter.sequence} letter={letter} onAct={act} />
            ))}
          </ul>
          {value.next !== undefined && <p class="muted">There are more; these are the oldest.</p>}
          <div class="actions">
            <button
              type="button"
              onClick={() => {
                act(retry({ all: true }));
              }}
            >
              Retry all
            </button>
            <button
              type="button"
              class="danger"
              onClick={() => {
                act(remove({ all: true }));
              }}
            >
              Remove all
            </button>
          </div>
        </>
      )}
    </section>
  );
}

interface LetterOptions {
  readonly letter: DeadLetter;
  readonly onAct: (doing: Promise<boolean>) => void;
}

function Letter({ letter, onAct }: LetterOptions) {
  const { sequence, message, attempts, buriedAt } = letter;
  const name = photoName(letter);
  const only = { sequences: [sequence] };
  return (
    <li>
      <p class="name">{name}</p>
      <p>{message}</p>
      <p class="muted">
        {counted(attempts, 'attempt')}, {bytes(letter.bytes)}, {when(buriedAt)}
      </p>
      <div class="actions">
        <button
          type="button"
          onClick={() => {
            onAct(retry(only));
          }}
        >
          Retry<span class="unseen"> {name}</span>
        </button>
        <button
          type="button"
          class="quiet"
          onClick={() => {
            onAct(remove(only));
          }}
        >
          Remove<span class="unseen"> {name}</span>
        </button>
      </div>
    </li>
  );
}

function retry(which: DeadSelection): Promise<boolean> {
  return attempt(async () => {
    notify(`${counted(await retryDead(which), 'photo')} queued again.`);
  });
}

async function remove(which: DeadSelection): Promise<boolean> {
  const isSure = await confirmed({
    title: 'all' in which ? 'Remove all dead letters?' : 'Remove this dead letter?',
    text: 'The photo and the reason are erased for good; it can only be sent again from where it came.',
    act: 'Remove',
  });
  if (!isSure) return false;
  return attempt(async () => {
    notify(`${counted(await removeDead(which), 'dead letter')} removed.`);
  });
}
