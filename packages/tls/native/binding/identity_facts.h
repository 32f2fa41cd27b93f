// What JavaScript is told of a peer, put into an object that is there already. False: Node-API refused.
#pragma once

#include <node_api.h>

#include "../engine.h"

namespace shrapnel {

[[nodiscard]] bool PutCircumstances(napi_env env, napi_value facts, const Circumstances& about);

}  // namespace shrapnel
