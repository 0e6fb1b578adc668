# SPDX-License-Identifier: LGPL-2.1-or-later
# FDB_LTO: after FDB_COMPILER_FLAGS and LT_INIT, set LTO_CFLAGS, to compile libraries with and link
# what is optimised across their files; NO_LTO_LDFLAGS, to link all else with the same libraries;
# and fdb_lto, what became of it. Empty flags: without.
#
# The objects of these libraries hold machine code too (-ffat-lto-objects): what is not optimised is
# linked with that, and any ar(1) can make the archive. Who says -flto or -fno-lto in CFLAGS has
# decided for all.
AC_DEFUN([FDB_LTO], [
  AC_ARG_ENABLE([lto],
    [AS_HELP_STRING([--disable-lto], [do not optimise at link time what serves requests])])

  AS_CASE(["/$enable_lto/$enable_sanitizers/$enable_coverage/ $CC $CFLAGS $LDFLAGS"],
    [/no/*], [fdb_lto=no],
    [*' -flto'*|*' -fno-lto'*], [fdb_lto="as CFLAGS say"],
    [/*/no/yes/*], [fdb_lto="no, for coverage"],
    [/*/no/*], [FDB_CHECK_LTO([fdb_lto])],
    [fdb_lto="no, for sanitizers"])
  AS_IF([test "$fdb_lto" = yes], [
    LTO_CFLAGS="-flto=auto -ffat-lto-objects"
    NO_LTO_LDFLAGS=-fno-lto
  ])
  AC_SUBST([LTO_CFLAGS])
  AC_SUBST([NO_LTO_LDFLAGS])
])

# FDB_CHECK_LTO(VAR): set VAR to yes or no: whether a function out of an archive, as libtool's
# convenience libraries are, is known where it is called, so that nowhere() need not be there. The
# same archive must do without.
AC_DEFUN([FDB_CHECK_LTO], [
  AC_CACHE_CHECK([whether $CC optimises at link time], [fdb_cv_lto], [
    fdb_cv_lto=no
    fdb_saved_cflags=$CFLAGS
    fdb_saved_libs=$LIBS
    CFLAGS="$fdb_saved_cflags -Werror -flto=auto -ffat-lto-objects"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[int answer(void); int answer(void) { return 42; }]])],
      [$AR cr conftest.a conftest.$ac_objext && $RANLIB conftest.a && LIBS="conftest.a $LIBS"])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[int answer(void); int nowhere(void);]],
        [[return answer() == 42 ? 0 : nowhere();]])], [
      CFLAGS="$fdb_saved_cflags -Werror -fno-lto"
      AC_LINK_IFELSE([AC_LANG_PROGRAM([[int answer(void);]], [[return answer();]])],
        [fdb_cv_lto=yes])
    ])
    CFLAGS=$fdb_saved_cflags
    LIBS=$fdb_saved_libs
    rm -f conftest.a
  ])
  $1=$fdb_cv_lto
])
