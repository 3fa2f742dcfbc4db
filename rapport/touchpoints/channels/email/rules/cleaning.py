"""HTML from outside, cleaned: no scripts, no forms, nothing that loads from elsewhere unless it is asked for."""

from __future__ import annotations

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt", "em",
    "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span",
    "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_SHAPE = {
    "align",
    "valign",
    "width",
    "height",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "lang",
}
_STYLES = {
    "background-color", "border", "border-bottom", "border-collapse", "border-left", "border-radius", "border-right",
    "border-top", "color", "display", "font-family", "font-size", "font-style", "font-weight", "height", "line-height",
    "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "padding", "padding-bottom",
    "padding-left", "padding-right", "padding-top", "text-align", "text-decoration", "vertical-align", "width",
}  # fmt: skip


def clean(html: str, *, images: bool = True) -> str:
    """HTML that is safe to send and to show. `images` false: pictures from elsewhere, which tell who looks, are left out."""
    import nh3

    attributes = {tag: set(_SHAPE) | {"style"} for tag in _TAGS}
    attributes["a"] |= {"href", "title"}
    attributes["td"] |= {"colspan", "rowspan"}
    attributes["th"] |= {"colspan", "rowspan", "scope"}
    attributes["img"] |= {"src", "alt", "title"}

    def kept(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src" and not images and not value.startswith("data:image/"):
            return None
        if tag == "a" and value.lstrip().lower().startswith("data:"):
            return None
        return value

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=attributes,
        attribute_filter=kept,
        filter_style_properties=_STYLES,
        clean_content_tags={"script", "style", "title", "head"} - _TAGS,
        url_schemes={"http", "https", "mailto", "tel", "data"},
        link_rel="noopener noreferrer nofollow",
    )
