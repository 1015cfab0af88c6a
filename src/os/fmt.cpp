// {fmt}, compiled once. Debian has it as a shared library or as headers alone,
// and these were compiled again in each file that formats a number: a third of
// the time that a release took to build. As its own src/format.cc, but for
// wchar_t.

#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

template FMT_API dragonbox::decimal_fp<float> dragonbox::to_decimal(
    float) noexcept;
template FMT_API dragonbox::decimal_fp<double> dragonbox::to_decimal(
    double) noexcept;
template FMT_API locale_ref::locale_ref(const std::locale&);
template FMT_API std::locale locale_ref::get<std::locale>() const;
template FMT_API thousands_sep_result<char> thousands_sep_impl(locale_ref);
template FMT_API char decimal_point_impl(locale_ref);
template FMT_API void buffer<char>::append(const char*, const char*);
template FMT_API void vformat_to(buffer<char>&, string_view, format_args,
                                 locale_ref);

}  // namespace detail
FMT_END_NAMESPACE
