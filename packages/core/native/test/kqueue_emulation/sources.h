// EVFILT_TIMER, EVFILT_SIGNAL, EVFILT_PROC and EVFILT_USER: each knote is a descriptor that Linux has for the
// purpose.
#pragma once

#include <sys/event.h>

#include "knote.h"

namespace kqueue_emulation {

// Gives `knote` its source for what was asked. 0 or an errno.
[[nodiscard]] int OpenSource(Knote& knote) noexcept;

// Applies a change to a knote that has its source: a timer added (again) starts anew, a user event may be
// triggered. 0 or an errno.
[[nodiscard]] int TouchSource(Knote& knote, const struct kevent& change) noexcept;

// Takes what the source has to tell and fills flags, fflags and data of `event`. False if there was nothing.
[[nodiscard]] bool TakeSource(Knote& knote, struct kevent& event) noexcept;

}  // namespace kqueue_emulation
