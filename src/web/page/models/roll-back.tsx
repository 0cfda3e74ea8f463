import { rollBackModel } from '../api/models.ts';
import { session } from '../api/session.ts';
import { confirmed } from '../parts/confirm.tsx';
import { attempt, notify } from '../parts/notices.tsx';
import { shortId } from '../parts/numbers.ts';

/** Puts the model before in use again. */
export function RollBackButton({ onDone }: { readonly onDone: () => void }) {
  if (session.value?.role !== 'operator') return null;
  const rollBack = async () => {
    const isSure = await confirmed({
      title: 'Roll back?',
      text: 'The model that was in use before this one tags all photos from now on. Tags that are stored stay until they are scored again.',
      act: 'Roll back',
    });
    if (!isSure) return;
    await attempt(async () => {
      notify(`Model ${shortId(await rollBackModel())} is in use.`);
      onDone();
    });
  };
  return (
    <p>
      <button type="button" onClick={() => void rollBack()}>
        Roll back to the model before
      </button>
    </p>
  );
}
