// What addon.cc exports, by file. Results are an Outcome (outcome.h) unless said otherwise; they throw only for arguments of a wrong
// type, which src/native.ts rules out.
#pragma once

#include <node_api.h>

namespace shrapnel {

// context_calls.cc
napi_value ContextMake(napi_env env, napi_callback_info info);
napi_value ContextVersions(napi_env env, napi_callback_info info);
napi_value ContextCertificate(napi_env env, napi_callback_info info);
napi_value ContextRoots(napi_env env, napi_callback_info info);
napi_value RootsMake(napi_env env, napi_callback_info info);

// identity_calls.cc
napi_value ContextPkcs12(napi_env env, napi_callback_info info);
napi_value ContextNames(napi_env env, napi_callback_info info);
napi_value ContextProtocols(napi_env env, napi_callback_info info);
napi_value ContextDepth(napi_env env, napi_callback_info info);
napi_value ContextClients(napi_env env, napi_callback_info info);
napi_value RootsShared(napi_env env, napi_callback_info info);
napi_value RootsShare(napi_env env, napi_callback_info info);
napi_value RootsAdd(napi_env env, napi_callback_info info);
napi_value RootsAddSystem(napi_env env, napi_callback_info info);
napi_value RootsAddRevocations(napi_env env, napi_callback_info info);
napi_value EngineAskForContext(napi_env env, napi_callback_info info);
napi_value EngineHello(napi_env env, napi_callback_info info);
napi_value EngineUseContext(napi_env env, napi_callback_info info);
napi_value EngineRefuse(napi_env env, napi_callback_info info);
napi_value EnginePeerChain(napi_env env, napi_callback_info info);

// engine_calls.cc
napi_value EngineMake(napi_env env, napi_callback_info info);
napi_value EngineCount(napi_env env, napi_callback_info info);
napi_value EngineFree(napi_env env, napi_callback_info info);
napi_value EngineVerify(napi_env env, napi_callback_info info);
napi_value EngineServerName(napi_env env, napi_callback_info info);
napi_value EngineFacts(napi_env env, napi_callback_info info);
napi_value EngineTexts(napi_env env, napi_callback_info info);
napi_value EngineNames(napi_env env, napi_callback_info info);
napi_value LastFailure(napi_env env, napi_callback_info info);

// session_calls.cc
napi_value EngineSession(napi_env env, napi_callback_info info);
napi_value EngineTakeSession(napi_env env, napi_callback_info info);
napi_value SessionFacts(napi_env env, napi_callback_info info);
napi_value EngineVerifiedSeconds(napi_env env, napi_callback_info info);
napi_value TicketKeysMake(napi_env env, napi_callback_info info);
napi_value ContextTickets(napi_env env, napi_callback_info info);
napi_value ContextIdentity(napi_env env, napi_callback_info info);

// secret_calls.cc
napi_value EngineLogKeys(napi_env env, napi_callback_info info);
napi_value EngineTakeKeyLog(napi_env env, napi_callback_info info);
napi_value EngineExport(napi_env env, napi_callback_info info);
napi_value EngineServerEndPoint(napi_env env, napi_callback_info info);

// ocsp_calls.cc
napi_value EngineOcsp(napi_env env, napi_callback_info info);
napi_value EngineStaple(napi_env env, napi_callback_info info);
napi_value OcspIsResponse(napi_env env, napi_callback_info info);

// transfer_calls.cc
napi_value Handshake(napi_env env, napi_callback_info info);
napi_value Read(napi_env env, napi_callback_info info);
napi_value Write(napi_env env, napi_callback_info info);
napi_value Flush(napi_env env, napi_callback_info info);
napi_value Shutdown(napi_env env, napi_callback_info info);
napi_value Pull(napi_env env, napi_callback_info info);
napi_value Close(napi_env env, napi_callback_info info);
napi_value Feed(napi_env env, napi_callback_info info);
napi_value TakeOutput(napi_env env, napi_callback_info info);

}  // namespace shrapnel
