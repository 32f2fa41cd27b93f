// What JavaScript holds.
#pragma once

#include "../context.h"
#include "../engine.h"
#include "call.h"

namespace shrapnel {

using HeldContext = Held<Kind::kContext, SslContextPointer>;
using HeldEngine = Held<Kind::kEngine, std::unique_ptr<Engine>>;
using HeldSession = Held<Kind::kSession, SessionPointer>;
using HeldRoots = Held<Kind::kRoots, StorePointer>;
using HeldTicketKeys = Held<Kind::kTicketKeys, std::shared_ptr<TicketKeys>>;

}  // namespace shrapnel
