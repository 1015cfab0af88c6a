// NUMA: memory of nodes that this process may not use is not there for it.
//
// Two restrictions exist. A cpuset shows in /proc/self/status; a policy set by
// `numactl --membind` is inherited too, but no file lists it plainly: the
// system call get_mempolicy(2) does, and, a policy per mapping,
// /proc/self/numa_maps.

#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "probe/constraint.h"
#include "probe/zoneinfo.h"

namespace fitrun {

using NodeSet = std::bitset<kMostNodes>;

// "0-1,4"; empty where the text is not such a list. Nodes beyond kMostNodes are
// dropped.
std::optional<NodeSet> parse_node_list(std::string_view text);

// The nodes of a set as a list, "0-1,4".
std::string list_of(const NodeSet& nodes);

// The nodes that the first line of numa_maps binds to, "00400000 bind:0-1 …";
// empty where the policy is another one. Flags may stand before the colon
// ("bind=static:1"; Documentation/admin-guide/mm/numa_memory_policy.rst).
std::optional<NodeSet> parse_bind_policy(std::string_view numa_maps);

namespace probe {

class Self;

// "numa.mems_allowed", or nothing where every node with memory may be used.
std::optional<Constraint> numa_memory(Self& self);

// The nodes of an MPOL_BIND policy of this process, if it has one.
std::optional<NodeSet> bound_nodes(Self& self);

}  // namespace probe
}  // namespace fitrun
