// Answers as libmicrohttpd sends them.
#pragma once

#include "http/reply.h"

struct MHD_Response;

namespace kvm {

// The response with the answer's bytes, without its headers. Takes the body out of the answer, so
// that it is in memory only once. null: out of memory.
MHD_Response* response_of(Answer& answer);

}  // namespace kvm
