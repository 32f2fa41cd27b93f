// EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT: what epoll says of a descriptor, told as a BSD kernel would.
#pragma once

#include <cstdint>
#include <sys/event.h>

namespace kqueue_emulation {

// What to ask of epoll for `filter`.
[[nodiscard]] std::uint32_t DirectionInterest(int filter) noexcept;

// 0, or the errno with which a BSD refuses this filter on this kind of file.
[[nodiscard]] int CheckDirection(const struct kevent& change) noexcept;

// Fills flags, fflags and data of `event`. False if a BSD would have nothing to say here.
[[nodiscard]] bool DescribeDirection(std::uint32_t epoll_events, struct kevent& event) noexcept;

}  // namespace kqueue_emulation
