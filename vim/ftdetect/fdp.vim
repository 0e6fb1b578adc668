" SPDX-License-Identifier: LGPL-2.1-or-later
au BufNewFile,BufRead *.fdp,*/fdbroker/fdbroker.conf setfiletype fdp
