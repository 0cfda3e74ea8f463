/** What may hold a password: a token, or a URL with a user. */
const secret = /autotag1\.|:\/\/[^/]*@/;

/** Shows `title` in place of the arguments of this process if they hold a password: every user of the machine sees them. */
export function hideArguments(title: string): void {
  if (process.argv.some((argument) => secret.test(argument))) process.title = title;
}
