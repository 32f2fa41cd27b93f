/** What a watcher tells. */

/**
 * A change. `path` is the path that was watched, joined with the rest.
 *
 * - `create`, `delete`: a name appeared or went; by being moved in or out as well. A folder's `delete` stands for all in it.
 * - `rename`: both names are watched. A folder takes all in it along.
 * - What had the name before something was renamed or moved to it is gone, without a `delete`.
 * - `modify`: the bytes of a file were written or cut. Equal ones that are still queued are one.
 * - `attrib`: mode, owner, times, links.
 * - `overflow`: changes were lost, by the kernel or because nobody took them. Look at the files again: what changes after
 *   this was taken is told.
 */
export type WatchEvent =
  | { readonly type: 'create' | 'modify' | 'delete' | 'attrib' | 'overflow'; readonly path: string }
  | { readonly type: 'rename'; readonly path: string; readonly from: string }
