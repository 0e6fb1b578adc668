# SPDX-License-Identifier: LGPL-2.1-or-later
# FDB_PKG_CONFIG: without it no library would be found, whatever is installed.
AC_DEFUN([FDB_PKG_CONFIG], [
  PKG_PROG_PKG_CONFIG
  AS_IF([test -z "$PKG_CONFIG"],
    [AC_MSG_ERROR([pkg-config is needed (Debian: apt-get install pkg-config)])])
])

# FDB_REQUIRE(VAR, MODULE, PACKAGE): find MODULE with pkg-config, or stop with
# one line that names the Debian package to install.
AC_DEFUN([FDB_REQUIRE], [
  AC_REQUIRE([FDB_PKG_CONFIG])
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 is needed (Debian: apt-get install $3)])])
])

# FDB_SYSTEMD_DIR(NAME, WHAT, FALLBACK): --with-NAME=DIR, by default what
# systemd.pc says, and FALLBACK where there is no systemd.pc.
AC_DEFUN([FDB_SYSTEMD_DIR], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [where $2 go])],
    [$1=$with_$1],
    [PKG_CHECK_VAR([fdb_$1], [systemd], [$1])
     $1=${fdb_$1:-$3}])
  AC_SUBST([$1])
])
