// The two pipes of a jobserver that hands out a few of its tokens at a time.
//
// Clients take from one pipe and give back into another, so that nobody but the
// server decides who gets a token that has come back. How many of those on
// offer were taken is told by what is left in the pipe: there is no event for
// it, and none is needed, because the server looks whenever one comes back or
// the jobs were looked at.
//
// The clients' ends are open for both reading and writing: where every server
// was killed, giving back is no "Broken pipe", and waiting for a token no end
// of file. Then a build goes on with the jobs that it has, one at the least.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "hold/jobserver.h"
#include "os/fd.h"

namespace fitrun {

class TokenPipe {
 public:
  // For so many jobs at once, one of which needs no token.
  static Result<TokenPipe> make(std::uint64_t jobs);

  std::uint64_t jobs() const { return jobs_; }

  std::size_t offered() const;     // and not taken yet
  bool offer() const;              // one more; whether it is
  bool withdraw() const;           // one; whether there was one left
  std::size_t given_back() const;  // since the last call

  // For poll(2): POLLIN when something was given back, POLLHUP when there are
  // no clients.
  int returns() const { return returns_.get(); }
  int offers() const { return offers_.get(); }
  std::vector<int> descriptors() const;

  // Tokens::gone(), of all processes that have inherited this, and never below
  // what is true: who goes on where a server was killed hands out none twice.
  std::atomic<std::uint64_t>& gone() const { return *gone_; }

 private:
  struct Unmap {
    void operator()(std::atomic<std::uint64_t>* page) const;
  };

  std::uint64_t jobs_ = 1;
  std::unique_ptr<std::atomic<std::uint64_t>, Unmap> gone_;
  Fd offers_;  // to write to, and to take back from
  Fd returns_;
};

// What a client inherits of a jobserver.
struct TokenEnds {
  std::uint64_t jobs = 1;
  Fd takes{};
  Fd gives{};          // none where that is the same pipe
  std::string auth{};  // how MAKEFLAGS names them

  static Result<TokenEnds> of(const TokenPipe& pipe);

  // What MAKEFLAGS is to say.
  std::string makeflags() const;

  // They are not close-on-exec any more.
  Result<void> bequeath() const;
};

// The pipe of `fd` once more: to read from and to write to, and at 10 or above,
// as scripts use the numbers below for themselves.
Result<Fd> end_of_clients(int fd);

// Hands out tokens until `news`, a pipe of TokenNews, says that the command has
// ended. Where it closes before that, whoever held jobs was killed: `orphaned`
// is called, and all tokens are handed out until there are no clients.
void serve_tokens(const TokenPipe& pipe, int news,
                  const std::function<void()>& orphaned);

}  // namespace fitrun
