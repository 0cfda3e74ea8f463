import { signal } from '@preact/signals';
import { session, signIn, signOut } from '../api/session.ts';
import { Modal } from './modal.tsx';
import { attempt, notify } from './notices.tsx';

const isOpen = signal(false);

/** Opens the form that asks for a token. */
export function askForToken(): void {
  isOpen.value = true;
}

/** Who this browser is, and how to become somebody else. */
export function SignInButton() {
  const { name, role } = session.value ?? {};
  return (
    <>
      {name === undefined ? (
        <button type="button" class="quiet" onClick={askForToken}>
          Sign in
        </button>
      ) : (
        <button
          type="button"
          class="quiet"
          title={`${name}, ${role ?? ''}`}
          onClick={() => void attempt(signOut)}
        >
          Sign out
        </button>
      )}
      {isOpen.value && (
        <Modal title="Sign in" onClose={close}>
          <TokenForm />
        </Modal>
      )}
    </>
  );
}

/** Asks for a token. */
export function TokenForm() {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    if (typeof token !== 'string') return;
    await attempt(async () => {
      await signIn(token.trim());
      notify(`Signed in as ${session.value?.role ?? 'somebody'}.`);
      close();
    });
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      <p>
        Whoever runs the cluster makes a token with <code>npx cluster token add</code>. It is forgotten when
        this page is closed.
      </p>
      <label>
        Token
        <input name="token" type="password" autocomplete="off" required />
      </label>
      <div class="actions">
        <button type="submit" class="primary">
          Sign in
        </button>
      </div>
    </form>
  );
}

function close(): void {
  isOpen.value = false;
}
