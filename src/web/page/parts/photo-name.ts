/** What a photo is called: its file, without the folders that its sender has it in, or its id. */
export function photoName({ id, file }: { readonly id: string; readonly file?: string | undefined }): string {
  return file === undefined ? id : (/[^/\\]+$/.exec(file)?.[0] ?? file);
}
