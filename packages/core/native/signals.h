// Signals of the process, caught and counted, with a pipe of our own that becomes readable. One thread of the process, the
// one that opened it, catches and takes; the handler runs on any thread. It knows nothing of coroutines, names or exits.
//
// Facts, from sigaction(2), signal(7), signal-safety(7) and what libuv and Node do:
//   - libuv tells its loops through a pipe of its own, and drops the message when that is full: 4,096 of them on Linux. A
//     burst during one long turn of JavaScript is enough.
//   - signalfd(2) sees only signals that every thread of the process blocks. The threads of Node block none. EVFILT_SIGNAL
//     (kqueue(2)) counts, but only beside a handler or SIG_IGN, as the default action still happens: it would save nothing.
//     So one way for all kernels: sigaction(2) and a pipe.
//   - libuv installs its handler with the first uv_signal_t of the process for a signal, and sets SIG_DFL with the last.
//     In between it touches nothing, whatever process.on() and removeListener() do.
//   - libuv's handler takes a lock that is not recursive, and relies on every signal being blocked while it runs.
//   - Node resets the dispositions it inherits, ignores SIGPIPE, and has handlers of its own: one that restores the
//     terminal and then dies (SIGINT, SIGTERM), one that starts the debugger (SIGUSR1).
//   - node:vm's `breakOnSigint` takes SIGINT over while code runs, and then installs Node's handler, whatever was there before.
//   - An equal signal that is pending already is merged with it by the kernel, before anybody can count (signal(7)).
//
// Consequence: before our sigaction a uv_signal_t of ours is started for the signal, so that libuv neither replaces our
// handler nor drops the signal under us, and our handler calls libuv's: listeners of Node go on hearing. That uv_signal_t lives in a
// loop of ours that hardly ever runs. In Node's own loop it would take half of the room in the pipe that Node's listeners
// need. Cost: four descriptors.
#pragma once

#include <cstdint>

namespace shrapnel {

// JavaScript reads an array of these in place, indexed by signal number, as pairs of 32-bit words.
struct Deliveries {
  std::int32_t all;
  std::int32_t by_default;  // those that came while SetSignalDefault was on
};
static_assert(sizeof(Deliveries) == 8 && alignof(Deliveries) == 4);

// Makes the pipe and gives its read end, which is the caller's. 0 or -errno; -EALREADY while it is open.
[[nodiscard]] int OpenSignals(int& read_end) noexcept;

// From now on `signum` is counted and writes to the pipe. For one that is caught already: puts our handler back if
// somebody has replaced it. 0 or -errno.
[[nodiscard]] int CatchSignal(int signum) noexcept;

// Puts back what handles `signum` without us: libuv's handler if somebody else uses it, else what CatchSignal found.
// Deliveries that nobody took are forgotten. 0, also for one that is not caught, or -errno.
[[nodiscard]] int ReleaseSignal(int signum) noexcept;

// On: no code of the program takes `signum`, JavaScript is to end the process in order. If it does not even look for a
// second (a loop that never ends), the next such signal does what it would have done without us.
void SetSignalDefault(int signum, bool is_on) noexcept;

// Empties the pipe, then takes the counts: in this order nothing is lost, at worst a wake-up finds nothing. How many
// signals have any.
[[nodiscard]] int TakeSignals(int read_end, Deliveries* out, int capacity) noexcept;

// Releases everything, for the end of the thread. The owner of the read end closes it after.
void CloseSignals() noexcept;

}  // namespace shrapnel
