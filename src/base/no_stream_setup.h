// To be included before a library's header that includes <iostream>, whose
// static object sets up eight streams and their locale at every start, before
// main(). Nothing here prints through them, so libstdc++'s header is taken for
// included, and only the names are declared.

#pragma once

#include <istream>
#include <ostream>

#if defined(__GLIBCXX__) && !defined(_GLIBCXX_IOSTREAM)
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier)
namespace std {              // NOLINT(cert-dcl58-cpp)
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std
#endif
