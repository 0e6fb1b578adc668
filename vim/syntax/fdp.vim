" SPDX-License-Identifier: LGPL-2.1-or-later
" Policy files of fdbroker and fdbroker.conf, see fdbroker.policy(5) and fdbroker.conf(5). The words are
" those of policy/keywords.c and daemon/settings.c: tests/system/completions.sh compares.
if exists("b:current_syntax")
  finish
endif

setlocal iskeyword+=-
setlocal commentstring=#\ %s comments=:# expandtab shiftwidth=4

syn keyword fdpStatement let extend subject for deny allow expect disable version settings
syn keyword fdpOperator and or not as root except mode enforce complain
syn keyword fdpMode read write append truncate create tmpfile list stat remove attributes connect watch any
syn keyword fdpKey user group unit user-unit slice exe apparmor selinux userns mntns pidns nnp seccomp anyone subject
syn keyword fdpAttribute type owner file-group mode-max links max-size device fs mount mounts symlinks parents until deliver create-mode create-owner rate inflight audit note hide
syn keyword fdpSetting on-start-error require-landlock max-clients max-per-uid max-pipes max-pipes-per-uid max-snapshots-mib max-snapshots-mib-per-uid max-watches max-watches-per-uid open-seconds max-in-flight max-stuck-per-uid
syn match fdpSet "@[a-z][a-z0-9-]*"
syn match fdpLabel "^\s*[a-z][a-z0-9-]*\s*:\ze\s"
syn match fdpNumber "\<[0-9][0-9A-Za-z:./*-]*\>"
syn match fdpEscape contained "\\\(x[0-9A-Fa-f]\{2}\|.\)"
syn match fdpGlob contained "[*?{}]\|\[[^]]*\]"
syn match fdpSpecifier contained "%[a-zA-Z%]"
syn region fdpPattern start=+"+ skip=+\\.+ end=+"+ oneline contains=fdpEscape,fdpGlob,fdpSpecifier,fdpSet
syn region fdpLiteral start=+'+ end=+'+ oneline
syn match fdpComment "#.*$" contains=fdpTodo,@Spell
syn keyword fdpTodo contained TODO FIXME XXX

hi def link fdpStatement Statement
hi def link fdpOperator Operator
hi def link fdpMode Type
hi def link fdpKey Identifier
hi def link fdpAttribute Keyword
hi def link fdpSetting Keyword
hi def link fdpSet Constant
hi def link fdpLabel Label
hi def link fdpNumber Number
hi def link fdpEscape SpecialChar
hi def link fdpGlob Special
hi def link fdpSpecifier PreProc
hi def link fdpPattern String
hi def link fdpLiteral String
hi def link fdpComment Comment
hi def link fdpTodo Todo

let b:current_syntax = "fdp"
