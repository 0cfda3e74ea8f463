/** What a photo is called: its file, without the folders that its sender has it in, or its id. */
export function photoName({ id, file = id }: { readonly id: string; readonly file?: string | undefined }): string {
  return /[^/\\]+$/.exec(file)?.[0] ?? file;
}
