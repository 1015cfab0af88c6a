#include "hold/pipe_waits.h"

#include <utility>

namespace fitrun {
namespace {

// A process that has the other end of that one, if only stopped ones have it.
pid_t stopped_behind(const PipeEnd& end, bool to_read,
                     const std::vector<PipeUser>& users) {
  pid_t stopped = 0;
  for (const PipeUser& user : users) {
    for (const PipeEnd& other : user.ends) {
      if (!other.is_of_same_pipe(end) ||
          !(to_read ? other.writes : other.reads))
        continue;
      if (!user.stopped) return 0;
      stopped = user.pid;
    }
  }
  return stopped;
}

}  // namespace

std::vector<LockWait> pipe_waits(const std::vector<PipeUser>& users) {
  std::vector<LockWait> waits;
  for (const PipeUser& user : users) {
    if (user.stopped || user.waits == PipeWait::none) continue;
    const bool to_read = user.waits == PipeWait::to_read;
    for (const PipeEnd& end : user.ends) {
      if (!(to_read ? end.reads : end.writes)) continue;
      if (const pid_t has = stopped_behind(end, to_read, users))
        waits.push_back({user.pid, has});
    }
  }
  return waits;
}

std::vector<LockWait> read_pipe_waits(
    const Host& host, const std::vector<SeenProcess>& tree,
    const std::function<bool(const SeenProcess&)>& is_stopped) {
  std::vector<PipeUser> users;
  bool anybody = false;
  for (const SeenProcess& process : tree) {
    PipeUser user{process.id.pid, is_stopped(process)};
    if (process.state == 'S') {
      const auto wchan = host.read(proc_path(process.id.pid, "wchan"));
      if (wchan) user.waits = parse_pipe_wait(*wchan);
    }
    anybody = anybody || user.waits != PipeWait::none;
    users.push_back(std::move(user));
  }
  // Mostly nobody does, and their files are many.
  if (!anybody) return {};
  for (PipeUser& user : users) user.ends = read_pipe_ends(host, user.pid);
  return pipe_waits(users);
}

}  // namespace fitrun
