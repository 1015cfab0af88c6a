#include "probe/ram.h"

#include "probe/meminfo.h"

namespace fitrun::probe {

PoolReading ram(const Host& host, const Environment&) {
  PoolReading reading;
  reading.pool = Pool::ram;
  reading.constraints.push_back(host_memory(host));
  return reading;
}

}  // namespace fitrun::probe
