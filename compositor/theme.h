/* SPDX-License-Identifier: MIT */
#ifndef THEME_H
#define THEME_H

/*
 * How things of ours look: measures in logical pixels, colours as 0xRRGGBBAA. One place, so that
 * titlebars, notices, the switcher and the hint look like one hand drew them.
 */

#define THEME_FONT "Inter, Cantarell, Noto Sans, DejaVu Sans, Sans"

#define THEME_TITLE_HEIGHT 32
#define THEME_TITLE_FONT_SIZE 13 // px
#define THEME_TITLE_PADDING 14
#define THEME_TITLE_RADIUS 10
#define THEME_BUTTON_SIZE 20 // the disc that is drawn
#define THEME_BUTTON_PITCH 28 // from one to the next: the whole of it is the target
#define THEME_BUTTON_MARGIN 8 // right of the last

#define THEME_EDGE_OUTSIDE 8 // how far outside a window its edges can be grasped
#define THEME_CORNER 20 // how much of an edge counts as its corner

#define THEME_BAR_ACTIVE_TOP 0x2d3c4cffu
#define THEME_BAR_ACTIVE 0x263341ffu
#define THEME_BAR_INACTIVE 0x1c2630ffu
#define THEME_BAR_LIGHT 0xffffff1fu // a line of light on the upper edge
#define THEME_BAR_LIGHT_INACTIVE 0xffffff0fu
#define THEME_BAR_LINE 0x00000055u // between bar and window
#define THEME_TITLE_ACTIVE 0xf2f6f9ffu
#define THEME_TITLE_INACTIVE 0x8b99a6ffu
#define THEME_BORDER 0x0a1118ffu
#define THEME_ACCENT 0x4fd1c5ffu
#define THEME_ICON_ACTIVE 0xd5dee6ffu
#define THEME_ICON_INACTIVE 0x74828fffu
#define THEME_HOVER 0xffffff24u
#define THEME_CLOSE_HOVER 0xe5484dffu
#define THEME_URGENT 0xf2b84bffu

#define THEME_PANEL 0x141d27f8u // notices, the switcher
#define THEME_PANEL_EDGE 0xffffff26u
#define THEME_PANEL_TEXT 0xf2f6f9ffu
#define THEME_PANEL_DIM 0x9fb0bfffu

#endif
