" SPDX-License-Identifier: LGPL-2.1-or-later
" :compiler fdbrokerctl, then :make checks the file that is edited with all that is installed.
if exists("current_compiler")
  finish
endif
let current_compiler = "fdbrokerctl"
CompilerSet makeprg=fdbrokerctl\ check\ --format=gcc\ %:S
CompilerSet errorformat=%f:%l:%c:\ %trror:\ %m,%f:%l:%c:\ %tarning:\ %m,%f:%l:%c:\ %tote:\ %m,%f:\ %trror:\ %m,%f:\ %tarning:\ %m,%f:\ %tote:\ %m
