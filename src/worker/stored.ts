// The worker's caches. Their names: `offline-N` holds the offline page, `build:BUILD` the files of a build, and
// `pages:PERSON` the copies of pages.

/** The stored answer for an address, from whichever cache has one. */
export function lookupStored(request: RequestInfo): Promise<Response | undefined> {
  // An address alone identifies our pages and files, whatever `Vary` says.
  return caches.match(request, { ignoreVary: true });
}

/** Deletes the caches whose names begin with `prefix`, except the one named `kept`. */
export async function deleteCaches(prefix: string, kept?: string): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== kept);
  await Promise.all(names.map((name) => caches.delete(name)));
}
