// What it does: see sources.h. What it cannot do:
//   - Signals. BSD counts every delivery, also of ignored signals and beside handlers, in whatever thread. A
//     signalfd sees only signals that are blocked, so EV_ADD blocks the signal in the calling thread (and
//     nothing unblocks it); a program with more threads must have it blocked in all of them. Equal standard
//     signals that wait together are one to Linux, so `data` can be too small; real-time signals are counted
//     exactly.
//   - Processes. The status comes from waitid(2) without reaping, so it is 0 for a process that is not our
//     child or that someone reaped first. Only NOTE_EXIT.
//   - Timers. No NOTE_ABSTIME and its relatives.
#include "sources.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "vnodes.h"

namespace kqueue_emulation {
namespace {

// Sets `fd` as the source unless it is -1, in which case errno says why.
[[nodiscard]] int Adopt(Knote& knote, int fd) noexcept {
  if (fd == -1) return errno;
  knote.source = HiddenFd(fd);
  return 0;
}

[[nodiscard]] int OpenSignal(Knote& knote) noexcept {
  sigset_t set;
  if (sigemptyset(&set) == -1 || sigaddset(&set, static_cast<int>(knote.asked.ident)) == -1) return errno;
  const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return error != 0 ? error : Adopt(knote, ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

[[nodiscard]] int OpenProcess(Knote& knote) noexcept {
  if (knote.asked.fflags != NOTE_EXIT) return ENOTSUP;
  // By its number: older C libraries lack the function, or declare it without extern "C". Close-on-exec by
  // itself.
  return Adopt(knote, static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(knote.asked.ident), 0)));
}

// The interval of a timer. A zero would disarm a timerfd where BSD fires at once, so it becomes the shortest
// there is.
[[nodiscard]] timespec ToInterval(std::int64_t data, std::uint32_t unit) noexcept {
  std::int64_t per_second = 1'000;
  if (unit == NOTE_SECONDS) per_second = 1;
  if (unit == NOTE_USECONDS) per_second = 1'000'000;
  if (unit == NOTE_NSECONDS) per_second = 1'000'000'000;
  timespec interval{};
  interval.tv_sec = data / per_second;
  interval.tv_nsec = data % per_second * (1'000'000'000 / per_second);
  if (data == 0) interval.tv_nsec = 1;
  return interval;
}

[[nodiscard]] int StartTimer(Knote& knote) noexcept {
  const std::uint32_t unit = knote.asked.fflags;
  const bool known = unit == 0 || unit == NOTE_SECONDS || unit == NOTE_MSECONDS || unit == NOTE_USECONDS ||
                     unit == NOTE_NSECONDS;
  if (!known || knote.asked.data < 0) return EINVAL;
  itimerspec setting{};
  setting.it_value = ToInterval(knote.asked.data, unit);
  if ((knote.asked.flags & EV_ONESHOT) == 0) setting.it_interval = setting.it_value;
  return ::timerfd_settime(knote.source.get(), 0, &setting, nullptr) == -1 ? errno : 0;
}

[[nodiscard]] int TouchUser(Knote& knote, const struct kevent& change) noexcept {
  const std::uint32_t operand = change.fflags & NOTE_FFLAGSMASK;
  std::uint32_t& flags = knote.asked.fflags;
  switch (change.fflags & NOTE_FFCTRLMASK) {
    case NOTE_FFAND: flags &= operand; break;
    case NOTE_FFOR: flags |= operand; break;
    case NOTE_FFCOPY: flags = operand; break;
    default: break;
  }
  knote.asked.data = change.data;
  if ((change.fflags & NOTE_TRIGGER) == 0) return 0;
  return ::eventfd_write(knote.source.get(), 1) == -1 ? errno : 0;
}

[[nodiscard]] bool TakeSignals(int source, struct kevent& event) noexcept {
  signalfd_siginfo information;
  while (::read(source, &information, sizeof information) == sizeof information) event.data++;
  return event.data > 0;
}

[[nodiscard]] bool TakeExit(int source, struct kevent& event) noexcept {
  siginfo_t information{};
  event.fflags = NOTE_EXIT;
  event.flags |= EV_EOF | EV_ONESHOT;
  const auto id = static_cast<id_t>(source);
  if (::waitid(P_PIDFD, id, &information, WEXITED | WNOHANG | WNOWAIT) == -1) return true;
  if (information.si_code == CLD_EXITED) event.data = W_EXITCODE(information.si_status & 0xff, 0);
  if (information.si_code == CLD_KILLED) event.data = information.si_status;
  if (information.si_code == CLD_DUMPED) event.data = information.si_status | WCOREFLAG;
  return true;
}

}  // namespace

int OpenSource(Knote& knote) noexcept {
  switch (knote.asked.filter) {
    case EVFILT_SIGNAL:
      return OpenSignal(knote);
    case EVFILT_PROC:
      return OpenProcess(knote);
    case EVFILT_TIMER:
      return Adopt(knote, ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    case EVFILT_USER:
      // Its own fflags begin empty: TouchSource applies those of the change.
      knote.asked.fflags = 0;
      return Adopt(knote, ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    default:
      return EINVAL;
  }
}

int TouchSource(Knote& knote, const struct kevent& change) noexcept {
  if (knote.asked.filter == EVFILT_USER) return TouchUser(knote, change);
  if (knote.asked.filter == EVFILT_TIMER && (change.flags & EV_ADD) != 0) return StartTimer(knote);
  return 0;
}

bool TakeSource(Knote& knote, struct kevent& event) noexcept {
  eventfd_t count = 0;
  switch (knote.asked.filter) {
    case EVFILT_SIGNAL:
      return TakeSignals(knote.source.get(), event);
    case EVFILT_PROC:
      return TakeExit(knote.source.get(), event);
    case EVFILT_TIMER:
      if (::eventfd_read(knote.source.get(), &count) == -1) return false;  // a timerfd counts in the same way
      event.data = static_cast<intptr_t>(count);
      return true;
    case EVFILT_VNODE:
      return TakeVnode(knote, event);
    default:
      event.fflags = knote.asked.fflags;
      event.data = knote.asked.data;
      if ((knote.asked.flags & EV_CLEAR) == 0) return true;  // stays triggered until it is deleted
      knote.asked.fflags = 0;
      knote.asked.data = 0;
      return ::eventfd_read(knote.source.get(), &count) == 0;
  }
}

}  // namespace kqueue_emulation
