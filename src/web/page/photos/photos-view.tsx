import { useEffect, useState } from 'preact/hooks';
import { addPhotos, counts, entries } from './uploads.ts';
import { PhotoTile } from './photo-tile.tsx';

/** Photos dropped here are sent, and shown with their tags as these come. */
export function PhotosView() {
  const isOver = useDroppedFiles();
  const isEmpty = entries.value.length === 0;
  return (
    <>
      <div class={isEmpty ? 'drop empty' : 'drop'} data-over={isOver}>
        <h1 class={isEmpty ? '' : 'unseen'}>{isEmpty ? 'Drop photos here' : 'Photos'}</h1>
        {isEmpty && <p>They are tagged as they arrive, and can be searched a moment later.</p>}
        <label class="button primary">
          {isEmpty ? 'Choose photos' : 'Add photos'}
          <input type="file" accept="image/*" multiple class="unseen" onChange={choose} />
        </label>
        {!isEmpty && <Summary />}
      </div>
      <ul class="tiles" aria-label="Photos and their tags">
        {entries.value.map((entry) => (
          <PhotoTile key={entry.key} entry={entry} />
        ))}
      </ul>
      <p class="unseen" role="status">
        {announcement()}
      </p>
    </>
  );
}

function Summary() {
  const { pending, tagged, failed } = counts.value;
  return (
    <p class="figures">
      <span>{tagged} tagged</span>
      {pending > 0 && <span>{pending} on the way</span>}
      {failed > 0 && <span class="bad">{failed} failed</span>}
    </p>
  );
}

/** Said when all are done, rather than for each. */
function announcement(): string {
  const { pending, tagged, failed } = counts.value;
  if (pending > 0 || tagged + failed === 0) return '';
  return `${String(tagged)} photos are tagged${failed > 0 ? `, ${String(failed)} failed` : ''}.`;
}

function choose(event: Event): void {
  const input = event.currentTarget as HTMLInputElement;
  addPhotos(input.files ?? []);
  // So that the same file can be chosen again.
  input.value = '';
}

/** Takes files that are dropped anywhere on the page; whether some are held over it. */
function useDroppedFiles(): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      addPhotos(event.dataTransfer?.files ?? []);
    };
    addEventListener('dragover', over, { signal });
    addEventListener('dragleave', leave, { signal });
    addEventListener('drop', drop, { signal });
    return () => {
      controller.abort();
    };
  }, []);
  return isOver;
}
