import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface ModalOptions {
  readonly title: string;
  readonly wide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog over the page: it holds the focus, Escape and a click beside it close it. */
export function Modal({ title, wide = false, onClose, children }: ModalOptions) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const clicked = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={wide ? 'wide' : ''}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={clicked}
    >
      <div class="dialog-body">
        <header>
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="quiet close" onClick={onClose}>
            <span aria-hidden="true">×</span>
            <span class="unseen">Close</span>
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
