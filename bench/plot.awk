# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One plot in SVG from the lines `point NAME SERIES X Y` of bench_open's results. Variables: name,
# xaxis, yaxis, and kind: log, linear (of x), or bars (one for each series).

function escaped(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	return text
}

function label(x, y, text, anchor) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, escaped(text)
}

# 1, 2 or 5 times a power of ten, so that about five of them are @most.
function step_for(most,    raw, power) {
	raw = most / 5
	power = 10 ^ int(log(raw) / log(10) - (raw < 1))
	if (raw / power > 5)
		return 10 * power
	if (raw / power > 2)
		return 5 * power
	return raw / power > 1 ? 2 * power : power
}

function place(x) {
	if (kind == "log")
		return left + (width - left - right) * (log(x) - log(least)) / (log(greatest) - log(least))
	return left + (width - left - right) * x / greatest
}

function height_of(y) {
	return height - bottom - (height - top - bottom) * y / most
}

function number(value) {
	return value >= 1000 && value % 1000 == 0 ? value / 1000 "k" : value ""
}

function draw_grid(    step, y, i) {
	step = step_for(most)
	most = step * int(most / step + 1)
	for (y = 0; y <= most + step / 2; y += step) {
		printf "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
			left, width - right, height_of(y), height_of(y)
		label(left - 8, height_of(y) + 4, number(y), "end")
	}
	for (i = 1; i <= n_xs; i++)
		if (kind == "log" || i == 1 || i == n_xs || place(xs[i]) - place(xs[i - 1]) > 30)
			label(place(xs[i]), height - bottom + 18, number(xs[i]), "middle")
	label((left + width - right) / 2, height - 8, xaxis, "middle")
	label(left, top - 14, yaxis, "middle")
}

function draw_series(i,    k, path) {
	for (k = 1; k <= n_points[i]; k++)
		path = path sprintf("%s%.1f %.1f ", k == 1 ? "M" : "L", place(x[i, k]), height_of(y[i, k]))
	printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n", path, colours[i]
	for (k = 1; k <= n_points[i]; k++)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\"/>\n", place(x[i, k]),
			height_of(y[i, k]), colours[i]
	printf "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
		width - right - 150, top - 34 + 18 * (i - 1), colours[i]
	label(width - right - 132, top - 24 + 18 * (i - 1), series[i], "start")
}

# Logarithmic: between the quickest and the slowest there are three powers of ten.
function draw_bar(i,    at, long) {
	at = top + 26 * (i - 1)
	long = (width - 260 - 60) * log(y[i, 1] * 10) / log(most * 10)
	printf "<rect x=\"260\" y=\"%d\" width=\"%.1f\" height=\"18\" fill=\"%s\"/>\n", at, long,
		series[i] ~ /^fdbroker/ ? colours[1] : colours[2]
	label(252, at + 14, series[i], "end")
	label(266 + long, at + 14, sprintf("%.2f", y[i, 1]), "start")
}

function note_x(value,    i) {
	for (i = 1; i <= n_xs; i++)
		if (xs[i] == value)
			return
	xs[++n_xs] = value
}

BEGIN {
	width = 720; height = 380; left = 70; right = 30; top = 60; bottom = 50
	split("#2f6db5 #c2571a #3b8f4e #8a4fa3", colours, " ")
}

$1 == "point" && $2 == name {
	if (!($3 in known)) {
		known[$3] = ++n_series
		series[n_series] = $3
	}
	i = known[$3]
	x[i, ++n_points[i]] = $4 + 0
	y[i, n_points[i]] = $5 + 0
	most = $5 + 0 > most ? $5 + 0 : most
	least = n_xs == 0 || $4 + 0 < least ? $4 + 0 : least
	greatest = $4 + 0 > greatest ? $4 + 0 : greatest
	note_x($4 + 0)
}

END {
	if (kind == "bars")
		height = top + 26 * n_series + 10
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\">\n",
		width, height, width, height
	print "<style>text { font: 13px sans-serif; fill: #222 } .grid { stroke: #ddd }</style>"
	printf "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width, height
	if (kind == "bars") {
		label(260, top - 20, yaxis ", logarithmic", "start")
		for (i = 1; i <= n_series; i++)
			draw_bar(i)
	} else {
		draw_grid()
		for (i = 1; i <= n_series; i++)
			draw_series(i)
	}
	print "</svg>"
}
