// What it does: see queue.h. A knote that is enabled is in an epoll set, level-triggered or, with EV_CLEAR on
// a descriptor, edge-triggered; one that is disabled is in none. Every change of an enabled knote is an
// EPOLL_CTL_MOD, after which epoll looks at the file again, as BSD does after every change.
#include "queue.h"

#include <cerrno>
#include <fcntl.h>

#include "directions.h"
#include "sources.h"

namespace kqueue_emulation {
namespace {

constexpr std::array<int, 3> kDirectionFilters = {EVFILT_READ, EVFILT_WRITE, kExceptFilter};
constexpr std::array<int, 4> kDescriptorFilters = {EVFILT_READ, EVFILT_WRITE, kExceptFilter, EVFILT_VNODE};

// How many of the direct members of the set (timers, signals, processes, user events, directions) one call
// looks at.
constexpr int kBatch = 64;

// What stands for vnodes_ in descriptor_, after the indices of the directions.
constexpr std::uint64_t kVnodesTag = kDirectionFilters.size();

constexpr unsigned kKeptFlags = EV_ONESHOT | EV_CLEAR | EV_RECEIPT | EV_DISPATCH;

[[nodiscard]] std::size_t DirectionOf(int filter) noexcept {
  return filter == EVFILT_READ ? 0U : filter == EVFILT_WRITE ? 1U : 2U;
}

[[nodiscard]] int CheckFilter(int filter) noexcept {
  switch (filter) {
    case EVFILT_READ:
    case EVFILT_WRITE:
    case EVFILT_TIMER:
    case EVFILT_SIGNAL:
    case EVFILT_PROC:
    case EVFILT_USER:
    case EVFILT_VNODE:
    case kExceptFilter:
      return 0;
    default:
      return EINVAL;
  }
}

}  // namespace

int Queue::Open() noexcept {
  for (std::size_t i = 0; i < directions_.size(); i++) {
    directions_[i] = HiddenFd(::epoll_create1(EPOLL_CLOEXEC));
    if (!directions_[i].valid()) return errno;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    if (::epoll_ctl(descriptor_, EPOLL_CTL_ADD, directions_[i].get(), &event) == -1) return errno;
  }
  return 0;
}

int Queue::Apply(const struct kevent& change) noexcept {
  const int error = CheckFilter(change.filter);
  if (error != 0) return error;
  if (NamesDescriptor(change.filter) && ::fcntl(static_cast<int>(change.ident), F_GETFD) == -1) return EBADF;
  if (change.filter == EVFILT_VNODE) vnodes_.Read();  // what was before the change is told as it was asked then
  const Key key(change.filter, change.ident);
  auto knote = knotes_.find(key);
  if (knote != knotes_.end() && change.filter == EVFILT_VNODE && vnodes_.IsStale(knote->second)) {
    Drop(knote);
    knote = knotes_.end();
  }
  if (knote == knotes_.end()) {
    if ((change.flags & EV_ADD) == 0) return ENOENT;
    knote = knotes_.try_emplace(key).first;
    const int refusal = Attach(change, knote);
    if (refusal != 0) {
      Drop(knote);
      return refusal;
    }
  }
  if ((change.flags & EV_DELETE) != 0) {
    Drop(knote);
    return 0;
  }
  const int refusal = Update(change, knote->second);
  // A file that went away unseen, or that epoll does not take: no knote remains.
  if (refusal == ENOENT || !(knote->second.watched || !knote->second.enabled)) Drop(knote);
  return refusal;
}

int Queue::Attach(const struct kevent& change, Knotes::iterator knote) noexcept {
  knote->second.asked = change;
  if (IsDirection(change.filter)) return CheckDirection(change);
  if (change.filter != EVFILT_VNODE) return OpenSource(knote->second);
  const int error = OpenVnodes();
  return error != 0 ? error : vnodes_.Add(knote->second);
}

int Queue::OpenVnodes() noexcept {
  const int error = vnodes_.Open();
  if (error != 0) return error;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kVnodesTag;
  const int result = ::epoll_ctl(descriptor_, EPOLL_CTL_ADD, vnodes_.descriptor(), &event);
  return result == 0 || errno == EEXIST ? 0 : errno;
}

int Queue::Update(const struct kevent& change, Knote& knote) noexcept {
  const bool added = (change.flags & EV_ADD) != 0;
  knote.asked.udata = change.udata;
  if (added) {
    knote.asked.flags = static_cast<std::uint16_t>(change.flags & kKeptFlags);
    if (knote.asked.filter == EVFILT_TIMER || knote.asked.filter == EVFILT_SIGNAL)
      knote.asked.flags |= EV_CLEAR;
    if (knote.asked.filter != EVFILT_USER) {
      knote.asked.fflags = change.fflags;
      knote.asked.data = change.data;
    }
  }
  if (knote.source.valid()) {
    const int error = TouchSource(knote, change);
    if (error != 0) return error;
  }
  if ((change.flags & (EV_ADD | EV_ENABLE)) != 0) knote.enabled = true;
  if ((change.flags & EV_DISABLE) != 0) knote.enabled = false;
  if (knote.enabled) return Watch(knote, added || !knote.watched);
  Unwatch(knote);
  return 0;
}

int Queue::SetFor(const Knote& knote) const noexcept {
  return knote.source.valid() ? descriptor_ : directions_[DirectionOf(knote.asked.filter)].get();
}

int Queue::Watch(Knote& knote, bool added) noexcept {
  const bool has_source = knote.source.valid();
  const int fd = has_source ? knote.source.get() : static_cast<int>(knote.asked.ident);
  epoll_event event{};
  if (has_source) {
    event.events = EPOLLIN;
    event.data.ptr = &knote;
  } else {
    event.events = DirectionInterest(knote.asked.filter);
    if ((knote.asked.flags & EV_CLEAR) != 0) event.events |= static_cast<std::uint32_t>(EPOLLET);
    event.data.fd = fd;
  }
  int result = ::epoll_ctl(SetFor(knote), EPOLL_CTL_MOD, fd, &event);
  // Not there: new, or the number was closed behind our back and is another file now.
  if (result == -1 && errno == ENOENT && added)
    result = ::epoll_ctl(SetFor(knote), EPOLL_CTL_ADD, fd, &event);
  knote.watched = result == 0;
  return result == 0 ? 0 : errno;
}

void Queue::Unwatch(Knote& knote) noexcept {
  if (!knote.watched) return;
  knote.watched = false;
  const int fd = knote.source.valid() ? knote.source.get() : static_cast<int>(knote.asked.ident);
  // Fails if the number was closed behind our back, which has removed it.
  static_cast<void>(::epoll_ctl(SetFor(knote), EPOLL_CTL_DEL, fd, nullptr));
}

int Queue::Collect(struct kevent* events, int room) noexcept {
  vnodes_.Read();
  std::array<epoll_event, kBatch> ready;
  const int found = ::epoll_wait(descriptor_, ready.data(), kBatch, 0);
  int count = 0;
  turn_++;  // each time another one is first, or the first could fill every call
  for (int i = 0; i < found && count < room; i++) {
    const epoll_event& entry = ready[(static_cast<std::size_t>(i) + turn_) % static_cast<std::size_t>(found)];
    if (entry.data.u64 < directions_.size()) {
      count += CollectDirection(static_cast<std::size_t>(entry.data.u64), events + count, room - count);
      continue;
    }
    if (entry.data.u64 == kVnodesTag) continue;  // came after Read: the next call's
    const auto& asked = static_cast<const Knote*>(entry.data.ptr)->asked;
    if (Deliver(knotes_.find(Key(asked.filter, asked.ident)), entry.events, events[count])) count++;
  }
  return count;
}

int Queue::CollectDirection(std::size_t direction, struct kevent* events, int room) noexcept {
  // In one call, since a second would tell again of whatever is level-triggered.
  if (ready_.size() < static_cast<std::size_t>(room)) ready_.resize(static_cast<std::size_t>(room));
  const int found = ::epoll_wait(directions_[direction].get(), ready_.data(), room, 0);
  int count = 0;
  for (int i = 0; i < found; i++) {
    const epoll_event& entry = ready_[static_cast<std::size_t>(i)];
    const auto knote =
        knotes_.find(Key(kDirectionFilters[direction], static_cast<std::uintptr_t>(entry.data.fd)));
    if (knote != knotes_.end() && Deliver(knote, entry.events, events[count])) count++;
  }
  return count;
}

bool Queue::Deliver(Knotes::iterator knote, std::uint32_t epoll_events, struct kevent& event) noexcept {
  Knote& note = knote->second;
  struct kevent told = note.asked;
  told.fflags = 0;
  told.data = 0;
  if (!(note.source.valid() ? TakeSource(note, told) : DescribeDirection(epoll_events, told))) return false;
  event = told;
  if ((event.flags & EV_ONESHOT) != 0) {
    Drop(knote);
  } else if ((event.flags & EV_DISPATCH) != 0) {
    note.enabled = false;
    Unwatch(note);
  }
  return true;
}

void Queue::Forget(int fd) noexcept {
  for (const int filter : kDescriptorFilters) {
    const auto knote = knotes_.find(Key(filter, static_cast<std::uintptr_t>(fd)));
    if (knote != knotes_.end()) Drop(knote);
  }
}

void Queue::Drop(Knotes::iterator knote) noexcept {
  Unwatch(knote->second);
  if (knote->second.asked.filter == EVFILT_VNODE) vnodes_.Remove(knote->second);
  knotes_.erase(knote);
}

}  // namespace kqueue_emulation
