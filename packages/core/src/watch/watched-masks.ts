/** What is asked of inotify(7). */
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_DONT_FOLLOW,
  IN_EXCL_UNLINK,
  IN_MASK_ADD,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_ONLYDIR,
} from './inotify-record.js'

/** IN_EXCL_UNLINK: a file that is deleted and still written has no name to tell. */
const ENTRIES =
  IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK

/** For the folder that the watcher begins at. */
export const WATCHED_ITSELF = ENTRIES | IN_DELETE_SELF | IN_MOVE_SELF

/**
 * For the folders below it: of their own going their parents tell. IN_MASK_ADD: the first one may be here once more, by a bind
 * mount, and must keep its own.
 */
export const WATCHED_BELOW = ENTRIES | IN_DONT_FOLLOW | IN_MASK_ADD
