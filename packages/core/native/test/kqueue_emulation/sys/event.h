/*
 * Test-only. The interface of kqueue(2), as FreeBSD and macOS document it, for the emulation in kqueue.cc; so
 * that a back end which includes <sys/event.h> compiles unchanged. The numbers are those of FreeBSD where it
 * has the name and of macOS elsewhere; nothing may depend on them. What the emulation cannot do is said at
 * the top of kqueue.cc.
 */
#ifndef SHRAPNEL_TEST_KQUEUE_EMULATION_SYS_EVENT_H
#define SHRAPNEL_TEST_KQUEUE_EMULATION_SYS_EVENT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_VNODE (-4)
#define EVFILT_PROC (-5)
#define EVFILT_SIGNAL (-6)
#define EVFILT_TIMER (-7)
#define EVFILT_USER (-11)
/* FreeBSD and NetBSD have no such filter: define this to compile as there. */
#ifndef KQUEUE_EMULATION_WITHOUT_EXCEPT
#define EVFILT_EXCEPT (-15)
#endif

/* Actions. */
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_DISABLE 0x0008

/* Flags, kept with the event. */
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_DISPATCH 0x0080

/* Returned. */
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

/* EVFILT_TIMER: the unit of `data`; milliseconds when none is given. */
#define NOTE_SECONDS 0x00000001
#define NOTE_MSECONDS 0x00000002
#define NOTE_USECONDS 0x00000004
#define NOTE_NSECONDS 0x00000008

/* EVFILT_EXCEPT. */
#define NOTE_OOB 0x00000002

/* EVFILT_VNODE. */
#define NOTE_DELETE 0x00000001
#define NOTE_WRITE 0x00000002
#define NOTE_EXTEND 0x00000004
#define NOTE_ATTRIB 0x00000008
#define NOTE_LINK 0x00000010
#define NOTE_RENAME 0x00000020
#define NOTE_REVOKE 0x00000040 /* never told */

/* EVFILT_PROC. */
#define NOTE_EXIT 0x80000000

/* EVFILT_USER. */
#define NOTE_FFNOP 0x00000000
#define NOTE_FFAND 0x40000000
#define NOTE_FFOR 0x80000000
#define NOTE_FFCOPY 0xc0000000
#define NOTE_FFCTRLMASK 0xc0000000
#define NOTE_FFLAGSMASK 0x00ffffff
#define NOTE_TRIGGER 0x01000000

struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_) \
  do {                                                                 \
    struct kevent* ev_set_target = (event);                            \
    ev_set_target->ident = (uintptr_t)(ident_);                        \
    ev_set_target->filter = (int16_t)(filter_);                        \
    ev_set_target->flags = (uint16_t)(flags_);                         \
    ev_set_target->fflags = (uint32_t)(fflags_);                       \
    ev_set_target->data = (intptr_t)(data_);                           \
    ev_set_target->udata = (void*)(udata_);                            \
  } while (0)

#ifdef __cplusplus
extern "C" {
#endif

int kqueue(void);
int kevent(int kq, const struct kevent* changes, int nchanges, struct kevent* events, int nevents,
           const struct timespec* timeout);

#ifdef __cplusplus
}
#endif

#endif
