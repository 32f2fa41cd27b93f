// KeepLoaded: Node unloads an addon with the last thread that has loaded it, which may be a worker thread in the middle of a program.
// OpenSSL, which stays, has pointers into this one by then: what frees the data of contexts (SSL_CTX_get_ex_new_index(3)) is called for
// every context of the process, Node's own too, and cannot be taken back. So the addon holds itself, once, for good.
#pragma once

namespace shrapnel {

// False: it cannot be held.
[[nodiscard]] bool KeepLoaded();

}  // namespace shrapnel
