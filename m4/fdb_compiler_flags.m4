# SPDX-License-Identifier: LGPL-2.1-or-later
# FDB_CHECK_FLAG(VAR, FLAG): append FLAG to VAR if CC compiles and links with it.
AC_DEFUN([FDB_CHECK_FLAG], [
  AS_VAR_PUSHDEF([cv], [fdb_cv_flag_$2])
  AC_CACHE_CHECK([whether $CC accepts $2], [cv], [
    fdb_saved=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cv], [yes])], [AS_VAR_SET([cv], [no])])
    CFLAGS=$fdb_saved
  ])
  AS_VAR_IF([cv], [yes], [AS_VAR_APPEND([$1], [" $2"])])
  AS_VAR_POPDEF([cv])
])

# FDB_COMPILER_FLAGS: set WARN_CFLAGS, HARDEN_CFLAGS, HARDEN_LDFLAGS, CODE_CFLAGS, SAN_CFLAGS
# and COVERAGE_CFLAGS. The user's CFLAGS and LDFLAGS are never modified, and
# _FORTIFY_SOURCE is left to whoever packages this.
AC_DEFUN([FDB_COMPILER_FLAGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make warnings fatal])])
  AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening], [leave hardening to the packager's flags])])
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST], [for example address,undefined])],
    [], [enable_sanitizers=no])
  AC_ARG_ENABLE([coverage], [AS_HELP_STRING([--enable-coverage], [count executed lines (gcov)])])

  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Wformat=2 -Wundef -Wimplicit-fallthrough -Wswitch-enum
    -Wpointer-arith -Wwrite-strings -Wcast-qual -Wlogical-op],
    [FDB_CHECK_FLAG([WARN_CFLAGS], flag)])
  AS_IF([test "x$enable_werror" = xyes], [AS_VAR_APPEND([WARN_CFLAGS], [" -Werror"])])

  AS_IF([test "x$enable_hardening" != xno], [
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection
      -ftrivial-auto-var-init=zero -fcf-protection=full],
      [FDB_CHECK_FLAG([HARDEN_CFLAGS], flag)])
    FDB_CHECK_FLAG([HARDEN_LDFLAGS], [-Wl,-z,relro])
    FDB_CHECK_FLAG([HARDEN_LDFLAGS], [-Wl,-z,now])
    FDB_CHECK_FLAG([HARDEN_LDFLAGS], [-Wl,-z,noexecstack])
    FDB_CHECK_FLAG([HARDEN_LDFLAGS], [-Wl,--as-needed])
  ])

  # To clear a struct of more than 64 bytes GCC writes `rep stos` where it knows no processor (x86), which
  # takes tens of nanoseconds to begin. memset() takes two.
  FDB_CHECK_FLAG([CODE_CFLAGS], [-mmemset-strategy=libcall:-1:noalign])

  AS_IF([test "x$enable_sanitizers" != xno], [
    AS_IF([test "x$enable_sanitizers" = xyes], [enable_sanitizers=address,undefined])
    SAN_CFLAGS="-fsanitize=$enable_sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer"
    fdb_saved=$CFLAGS
    CFLAGS="$CFLAGS $SAN_CFLAGS"
    AC_MSG_CHECKING([whether $CC accepts -fsanitize=$enable_sanitizers])
    AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([$CC cannot build with -fsanitize=$enable_sanitizers])])
    CFLAGS=$fdb_saved
  ])
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [link fuzz targets with libFuzzer (clang)])])
  AM_CONDITIONAL([FUZZERS], [test "x$enable_fuzzers" = xyes])
  AM_CONDITIONAL([SANITIZERS], [test "x$enable_sanitizers" != xno])

  AS_IF([test "x$enable_coverage" = xyes], [
    FDB_CHECK_FLAG([COVERAGE_CFLAGS], [--coverage])
    AS_IF([test -z "$COVERAGE_CFLAGS"], [AC_MSG_ERROR([$CC cannot count lines (--coverage)])])
  ])
  AM_CONDITIONAL([INSTRUMENTED],
    [test "x$enable_sanitizers" != xno || test "x$enable_coverage" = xyes])
  AC_SUBST([WARN_CFLAGS])
  AC_SUBST([HARDEN_CFLAGS])
  AC_SUBST([HARDEN_LDFLAGS])
  AC_SUBST([CODE_CFLAGS])
  AC_SUBST([SAN_CFLAGS])
  AC_SUBST([COVERAGE_CFLAGS])
])
