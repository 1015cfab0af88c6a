#include "share/render_leases.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "os/command.h"

namespace fitrun {
namespace {

constexpr std::size_t kLongestCommand = 60;  // in the table

// By getent, and not by the C library's own look-up: that loads libraries
// (LDAP, SSSD) into this process.
std::string user_name(uid_t uid) {
  std::string number = fmt::to_string(uid);
  CommandSpec spec;
  spec.argv = {"getent", "passwd", number};
  const Result<CommandOutput> entry = run_command(spec);
  if (!entry || entry->exit_status != 0) return number;
  const std::string name = entry->text.substr(0, entry->text.find(':'));
  return name.empty() ? number : name;
}

// The arguments with blanks between them.
std::string command_of(const Host& host, pid_t pid) {
  const Result<std::string> text =
      host.read(fmt::format("/proc/{}/cmdline", pid));
  if (!text) return "";
  std::string command = text->substr(0, 4096);
  std::replace(command.begin(), command.end(), '\0', ' ');
  return std::string(trim(command));
}

// "2026-05-20 12:03:07Z", with `between` instead of the blank.
std::string utc(std::uint64_t seconds, char between) {
  const auto when = static_cast<time_t>(
      std::min<std::uint64_t>(seconds, 253'402'300'799U));  // end of 9999
  return fmt::format("{0:%Y-%m-%d}{1}{0:%H:%M:%SZ}", fmt::gmtime(when),
                     between);
}

std::string state_of(const LiveLease& live) {
  const bool waits = live.lease.kind == LeaseKind::waiting;
  if (waits && live.state == LeaseState::running) return "waiting";
  return std::string(name_of(live.state));
}

std::string shortened(const std::string& command) {
  std::string whole = printable(command);
  if (whole.size() <= kLongestCommand) return whole;
  return printable(whole, kLongestCommand - 3) + "...";
}

std::string held_text(const ListedLease& listed) {
  if (listed.held.empty()) return "";
  const std::string& label = listed.live.lease.label;
  std::string text = fmt::format(
      "\n{} of {} (pid {}) held, until there is room:\n",
      counted(listed.held.size(), "job"),
      label.empty() ? "-" : printable(label), listed.live.lease.holder.pid);
  for (const ListedProcess& job : listed.held)
    text += fmt::format("  {:>7}  {}\n", job.pid,
                        job.command.empty() ? "-" : shortened(job.command));
  return text;
}

using Row = std::vector<std::string>;

// Columns of these are aligned to the right.
constexpr std::array<bool, 10> kNumeric = {false, false, true, false, true,
                                           false, true,  true, true,  false};

Row row_of(const ListedLease& listed, std::size_t holding_index,
           const std::vector<DeviceUse>& uses) {
  const Lease& lease = listed.live.lease;
  Row row(kNumeric.size());
  if (holding_index == 0) {
    row = {lease.label.empty() ? "-" : printable(lease.label),
           printable(listed.user),
           fmt::to_string(lease.holder.pid),
           state_of(listed.live),
           fmt::to_string(lease.threads),
           "-",
           "-",
           "-",
           "-",
           utc(lease.since, ' ') + "  " + shortened(listed.command)};
  }
  if (holding_index < lease.holdings.size()) {
    const Holding& holding = lease.holdings[holding_index];
    const bool waits = lease.kind == LeaseKind::waiting;
    row[5] = holding.pool == Pool::ram ? std::string(name_of(Pool::ram))
                                       : printable(holding.device);
    row[6] = format_bytes(holding.bytes);
    row[7] = waits ? "-" : format_bytes(used_of(listed.live, holding, uses));
    row[8] =
        waits ? "-" : format_bytes(outstanding(listed.live, holding, uses));
  }
  return row;
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(kNumeric.size());
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths[i] - row[i].size(), ' ');
      if (i > 0) line += "  ";
      line += kNumeric[i] ? blanks + row[i] : row[i] + blanks;
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace

std::vector<ListedLease> listed(const Host& host, std::vector<LiveLease> live,
                                const HeldByLease& held) {
  std::sort(live.begin(), live.end(),
            [](const LiveLease& a, const LiveLease& b) {
              return std::tie(a.lease.kind, a.lease.taken, a.lease.id) <
                     std::tie(b.lease.kind, b.lease.taken, b.lease.id);
            });
  std::vector<ListedLease> all;
  std::map<uid_t, std::string> names;
  for (LiveLease& one : live) {
    std::string& name = names[one.owner];
    if (name.empty()) name = user_name(one.owner);
    std::string command =
        one.pids.empty() ? "" : command_of(host, one.pids.front());
    all.push_back({std::move(one), name, std::move(command)});
    ListedLease& last = all.back();
    const auto jobs = held.find(last.live.lease.id);
    if (jobs == held.end()) continue;
    for (const pid_t pid : jobs->second)
      last.held.push_back({pid, command_of(host, pid)});
  }
  return all;
}

std::string render_leases_text(const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses) {
  if (leases.empty()) return "no launch holds a lease\n";
  std::vector<Row> rows = {{"LABEL", "USER", "PID", "STATE", "WORKERS",
                            "MEMORY", "LEASED", "USED", "OUTSTANDING",
                            "SINCE                 COMMAND"}};
  for (const ListedLease& one : leases) {
    const std::size_t holdings = one.live.lease.holdings.size();
    for (std::size_t i = 0; i < std::max<std::size_t>(1, holdings); ++i)
      rows.push_back(row_of(one, i, uses));
  }
  std::string text = table(rows);
  for (const ListedLease& one : leases) text += held_text(one);
  return text;
}

std::string render_leases_json(const std::string& folder,
                               const std::vector<ListedLease>& leases,
                               const std::vector<DeviceUse>& uses) {
  using Json = nlohmann::ordered_json;
  Json all = Json::array();
  for (const ListedLease& one : leases) {
    const Lease& lease = one.live.lease;
    Json holdings = Json::array();
    for (const Holding& holding : lease.holdings) {
      Json entry = {{"pool", key_of(holding.pool)}};
      if (!holding.device.empty()) entry["device"] = holding.device;
      entry["leased"] = holding.bytes;
      entry["used"] = used_of(one.live, holding, uses);
      entry["outstanding"] = outstanding(one.live, holding, uses);
      holdings.push_back(std::move(entry));
    }
    Json entry = {{"id", lease.id},
                  {"label", lease.label},
                  {"state", state_of(one.live)},
                  {"pid", lease.holder.pid},
                  {"user", one.user},
                  {"uid", one.live.owner},
                  {"threads", lease.threads},
                  {"since", utc(lease.since, 'T')}};
    entry["within"] = lease.within.empty() ? Json() : Json(lease.within);
    entry["command"] = one.command;
    entry["holdings"] = std::move(holdings);
    entry["held"] = Json::array();
    for (const auto& [pid, command] : one.held)
      entry["held"].push_back({{"pid", pid}, {"command", command}});
    all.push_back(std::move(entry));
  }
  const Json document = {{"folder", folder.empty() ? Json() : Json(folder)},
                         {"leases", std::move(all)}};
  // A command line need not be UTF-8.
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fitrun
