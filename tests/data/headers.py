"""Heads and feet of articles in the shapes that many outlets give them, all invented, with what a reader would read off
them. Every second one was looked at while the rules were made; the others only measure them.

The story between head and foot is `STORY`. Each entry: head, foot, what is to be known.
"""

from __future__ import annotations

STORY = (
    "The ferry of Portmere came back to its pier on Monday after a winter of repairs, the harbour office said.\n\n"
    "“We kept a chair for it,” said Ada Quill, who sells pies on the quay.\n\n"
    "It carries 140 people and is older than the mayor."
)

HEADERS: list[tuple[str, str, dict[str, object]]] = [
    (
        "Ferry returns to Portmere\n\nBy Wren Falke\nMay 6, 2024",
        "",
        {"title": "Ferry returns to Portmere", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Ferry back at its pier\n\nBy WREN FALKE and Otto Brink, Staff Writers\nPublished: May 6, 2024",
        "",
        {"title": "Ferry back at its pier", "authors": ["Wren Falke", "Otto Brink"], "published": "2024-05-06"},
    ),
    (
        "Portmere welcomes its ferry\nby Otto Brink | Quay Press | 6 May 2024",
        "",
        {"title": "Portmere welcomes its ferry", "authors": ["Otto Brink"], "published": "2024-05-06"},
    ),
    (
        "The ferry is home\n\nMonday, 6 May 2024, 10:30 GMT",
        "",
        {"title": "The ferry is home", "published": "2024-05-06"},
    ),
    (
        "Old ferry, new engine\n\nPublished 6 May 2024 | Updated 7 May 2024",
        "",
        {"title": "Old ferry, new engine", "published": "2024-05-06", "updated": "2024-05-07"},
    ),
    (
        "Winter is over for the ferry\nUpdated: May 7, 2024 at 9:15 a.m. ET\nFirst published: May 6, 2024",
        "",
        {"title": "Winter is over for the ferry", "published": "2024-05-06", "updated": "2024-05-07"},
    ),
    (
        "PORTMERE, May 6 (Quay Press) - A first line of news stands here, as agencies write it.",
        "© 2024 Quay Press",
        {"title": None, "outlet": "Quay Press", "published": "2024-05-06"},
    ),
    (
        "PORTMERE, Westland, May 6, 2024 (AP) — A first line of news stands here, as agencies write it.",
        "",
        {"title": None, "outlet": "AP", "published": "2024-05-06"},
    ),
    (
        "Ferry strike ends\n\nPORTMERE (Reuters) - A first line of news stands here.",
        "Reporting by Wren Falke; Editing by Otto Brink",
        {"title": "Ferry strike ends", "outlet": "Reuters", "published": None},
    ),
    (
        "Headline: Ferry strike ends\nByline: Wren Falke\nSource: Portmere Gazette\nDate: 2024-05-06\nSection: Harbour",
        "",
        {
            "title": "Ferry strike ends",
            "authors": ["Wren Falke"],
            "outlet": "Portmere Gazette",
            "published": "2024-05-06",
            "section": "Harbour",
        },
    ),
    (
        "Ferry strike ends\nPortmere Gazette\nMay 6, 2024 Monday\n\nSECTION: A; Pg. 1\n\nLENGTH: 532 words\n\n"
        "BYLINE: Wren Falke",
        "LOAD-DATE: May 7, 2024\n\nCopyright 2024 Portmere Gazette Company",
        {"title": "Ferry strike ends", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Harbour pays its men\n\n06/05/2024",
        "",
        {"title": "Harbour pays its men", "published": "2024"},
    ),
    (
        "Harbour pays its men\n\n25/04/2024 14:05",
        "",
        {"title": "Harbour pays its men", "published": "2024-04-25"},
    ),
    (
        "Harbour pays its men\n\n04/25/2024",
        "",
        {"title": "Harbour pays its men", "published": "2024-04-25"},
    ),
    (
        "Harbour pays its men\n06.05.2024, 08:00",
        "",
        {"title": "Harbour pays its men", "published": "2024-05-06"},
    ),
    (
        "Harbour pays its men\n\n2024-05-06T08:00:00+02:00",
        "",
        {"title": "Harbour pays its men", "published": "2024-05-06"},
    ),
    (
        "# Pies grow dear\n\n*By Wren Falke*\n\n*May 6, 2024*",
        "",
        {"title": "Pies grow dear", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "# Pies grow dear\n\n**Published:** May 6, 2024  \n**Author:** Otto Brink",
        "",
        {"title": "Pies grow dear", "authors": ["Otto Brink"], "published": "2024-05-06"},
    ),
    (
        "Pies grow dear\nA quarter more than last year, bakers say\nWren Falke in Portmere\nMon 6 May 2024 06.00 BST",
        "",
        {"title": "Pies grow dear", "published": "2024-05-06"},
    ),
    (
        "Pies grow dear\nFlour has doubled\n\nBy Wren Falke in Portmere and Otto Brink in Saltby\n\nMay 6 2024",
        "",
        {"title": "Pies grow dear", "authors": ["Wren Falke", "Otto Brink"], "published": "2024-05-06"},
    ),
    (
        "Saltby votes\n\nBy Wren Falke, Quay Press\n6 May 2024 at 5:30pm",
        "",
        {"title": "Saltby votes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Saltby votes\n\nBy The Associated Press\nMay 6, 2024",
        "",
        {"title": "Saltby votes", "authors": [], "outlet": "The Associated Press", "published": "2024-05-06"},
    ),
    (
        "Saltby votes\n\nWritten by Wren Falke\nPosted on May 6, 2024",
        "",
        {"title": "Saltby votes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Saltby votes\nBy Wren Falke, Otto Brink and Jean-Luc de la Rive | May 6, 2024 | 4 min read",
        "",
        {
            "title": "Saltby votes",
            "authors": ["Wren Falke", "Otto Brink", "Jean-Luc de la Rive"],
            "published": "2024-05-06",
        },
    ),
    (
        "Saltby votes\n\nBY WREN O'FALKE AND OTTO MCBRINK",
        "© Quay Post 2024",
        {"authors": ["Wren O'Falke", "Otto McBrink"], "outlet": "Quay Post", "published": "2024"},
    ),
    (
        "Saltby votes\n\nBy the sea, nobody counted",
        "",
        {"title": "Saltby votes", "authors": [], "published": None},
    ),
    (
        "By the light of one lamp, Saltby votes",
        "",
        {"title": "By the light of one lamp, Saltby votes", "authors": [], "published": None},
    ),
    (
        "Storm: what we know\n\nUpdated 10:45 a.m. EDT, May 7, 2024",
        "",
        {"title": "Storm: what we know", "updated": "2024-05-07", "published": "2024-05-07"},
    ),
    (
        "Storm hits coast\n\nLast updated on 7 May 2024",
        "",
        {"title": "Storm hits coast", "updated": "2024-05-07", "published": "2024-05-07"},
    ),
    (
        "Storm hits coast",
        "Published on 6 May 2024",
        {"title": "Storm hits coast", "published": "2024-05-06"},
    ),
    (
        "Storm hits coast",
        "First published: 6 May 2024\nLast modified: 8 May 2024",
        {"title": "Storm hits coast", "published": "2024-05-06", "updated": "2024-05-08"},
    ),
    (
        "Storm hits coast",
        "MENAFN06052024000045015687ID0000000001",
        {"title": "Storm hits coast", "outlet": "MENAFN", "published": "2024-05-06"},
    ),
    (
        "(Bloomberg) -- A first line of news stands here.",
        "(Updates with the mayor in second paragraph.)\n\n©2024 Bloomberg L.P.",
        {"title": None, "outlet": "Bloomberg", "published": "2024"},
    ),
    (
        "Storm hits coast\n(Bloomberg) -- A first line of news stands here.",
        "--With assistance from Wren Falke.\n\n©2024 Bloomberg L.P.",
        {"title": "Storm hits coast", "outlet": "Bloomberg", "published": "2024", "authors": []},
    ),
    (
        "XINHUA, May 6 -- A first line of news stands here.",
        "Copyright 2024 Quay Post. All rights reserved.",
        {"title": None, "published": "2024-05-06"},
    ),
    (
        "SALTBY, May 6 (Xinhua) -- A first line of news stands here.",
        "",
        {"title": None, "outlet": "Xinhua", "published": None},
    ),
    (
        "Date: Mon, 6 May 2024 10:12:00 +0200\nTitle: Bell stolen\nLink: https://quay.example/bell",
        "",
        {"title": "Bell stolen", "published": "2024-05-06"},
    ),
    (
        "Title: Bell stolen\nAuthor: Wren Falke\nPublication date: 6 May 2024\nURL: https://quay.example/bell",
        "",
        {"title": "Bell stolen", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Bell stolen\n\nPortmere — May 6, 2024",
        "",
        {"title": "Bell stolen", "published": "2024-05-06"},
    ),
    (
        "Bell stolen\n\nPortmere, 6 May 2024",
        "",
        {"title": "Bell stolen", "published": "2024-05-06"},
    ),
    (
        "NEWS\n\nBell stolen from church\n\nBy Wren Falke\nReporter",
        "",
        {"authors": ["Wren Falke"], "published": None},
    ),
    (
        "Bell stolen from church\n\nWren Falke\n\nMay 6, 2024",
        "",
        {"title": "Bell stolen from church", "published": "2024-05-06"},
    ),
    (
        "Bell stolen from church\r\n\r\nBy Wren Falke\r\nMay 6, 2024\r",
        "",
        {"title": "Bell stolen from church", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "🔔 Bell stolen from church\n\nBy Zoë Müller-Łęcka\n6 May 2024",
        "",
        {"title": "🔔 Bell stolen from church", "authors": ["Zoë Müller-Łęcka"], "published": "2024-05-06"},
    ),
    (
        "Bell stolen from church\n\nBy Wren Falke @wrenfalke\n6th May 2024",
        "",
        {"title": "Bell stolen from church", "published": "2024-05-06"},
    ),
    (
        "Bell stolen from church\n\nBy Wren Falke, special to the Portmere Gazette\nSept. 6, 2024",
        "",
        {"title": "Bell stolen from church", "authors": ["Wren Falke"], "published": "2024-09-06"},
    ),
    (
        "Mayor's diary, 1887\n\nMay 6, 1887",
        "",
        {"title": "Mayor's diary, 1887", "published": "1887-05-06"},
    ),
    (
        "What the town will look like\n\nMay 6, 2999",
        "",
        {"title": "What the town will look like", "published": None},
    ),
    (
        "Ferry timeline: from May 6, 2019 to today",
        "",
        {"title": "Ferry timeline: from May 6, 2019 to today", "published": "2019-05"},
    ),
    (
        "Remembering the storm - May 6, 2019",
        "",
        {"title": "Remembering the storm - May 6, 2019", "published": "2019-05"},
    ),
    (
        "Update: The mayor has resigned\n\nBy Wren Falke",
        "",
        {"title": "Update: The mayor has resigned", "authors": ["Wren Falke"], "published": None},
    ),
    (
        "Source: the mayor will go\n\nBy Wren Falke\nMay 6, 2024",
        "",
        {"authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nWren Falke and Otto Brink\nPortmere Gazette\n\nMay 6, 2024, 6:00 AM",
        "",
        {"title": "Mayor goes", "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nBy: Wren Falke\nPosted: 6:12 PM, May 06, 2024",
        "",
        {"title": "Mayor goes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Mayor goes\nBy Wren Falke\nMay 6, 2024 / 6:12 PM EDT / Quay Press",
        "",
        {"title": "Mayor goes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nPublished: 06 May 2024 - 06:12 | Last update: 07 May 2024 - 08:00",
        "",
        {"title": "Mayor goes", "published": "2024-05-06", "updated": "2024-05-07"},
    ),
    (
        "Mayor goes\n\nModified: 6 May 2024 08:44 PM\nWren Falke",
        "",
        {"title": "Mayor goes", "updated": "2024-05-06", "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n• By Wren Falke •\nMonday 06 May 2024 12:00 UK",
        "",
        {"title": "Mayor goes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Category: Politics\nMayor goes\nPosted by Wren Falke on 6 May 2024",
        "",
        {"title": "Mayor goes", "section": "Politics", "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nPublished at 10:00 on 6 May 2024",
        "",
        {"title": "Mayor goes", "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nStory by Wren Falke\n6 May 2024 • 9:00pm",
        "",
        {"title": "Mayor goes", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Mayor goes\n\nBy Wren Falke, Political Editor, and Otto Brink",
        "Copyright (c) 2023-2024 The Quay Post. All Rights Reserved.",
        {"authors": ["Wren Falke", "Otto Brink"], "outlet": "The Quay Post", "published": "2024"},
    ),
    (
        "",
        "Filed under: Politics\nPublished: May 6, 2024",
        {"title": None, "published": "2024-05-06"},
    ),
    (
        "",
        "",
        {"title": None, "outlet": None, "authors": [], "published": None, "updated": None, "section": None},
    ),
    (
        "Mayor goes at last\n\nMAY 6, 2024 – 10:00 AM\nBY WREN FALKE",
        "",
        {"title": "Mayor goes at last", "authors": ["Wren Falke"], "published": "2024-05-06"},
    ),
    (
        "Mayor goes at last\n\nBy WREN FALKE/Quay Press\n(6 May 2024)",
        "",
        {"title": "Mayor goes at last", "published": "2024-05-06"},
    ),
    # Outlet and day behind the names, or beneath them.
    (
        "# Kelp prices rise\n\n*By Wren Falke, Saltby News Agency, May 6, 2024*",
        "",
        {
            "title": "Kelp prices rise",
            "authors": ["Wren Falke"],
            "outlet": "Saltby News Agency",
            "published": "2024-05-06",
        },
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke, Saltby News Agency, May 6, 2024",
        "",
        {
            "title": "Kelp prices rise",
            "authors": ["Wren Falke"],
            "outlet": "Saltby News Agency",
            "published": "2024-05-06",
        },
    ),
    (
        "Kelp prices rise\n\n**By Wren Falke and Otto Brink, The Quay Gazette, Monday, 6 May 2024, 10:30**",
        "",
        {"authors": ["Wren Falke", "Otto Brink"], "outlet": "The Quay Gazette", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\n***By Wren Falke, The Saltmarsh, 6 May 2024***",
        "",
        {"authors": ["Wren Falke"], "outlet": "The Saltmarsh", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke\nQuay Gazette\nMay 6, 2024",
        "",
        {"title": "Kelp prices rise", "authors": ["Wren Falke"], "outlet": "Quay Gazette", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\n*By Wren Falke*\n\n*The Saltmarsh*\n\n*May 6, 2024*",
        "",
        {"title": "Kelp prices rise", "authors": ["Wren Falke"], "outlet": "The Saltmarsh", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nThe Saltmarsh, 6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": "The Saltmarsh", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nSaltby Daily — 6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": "Saltby Daily", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke | Saltby Mirror | 6 May 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": "Saltby Mirror", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke of the Saltby Herald",
        "",
        {"authors": ["Wren Falke"], "outlet": "Saltby Herald", "published": None},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke for Times of Saltby, 6 May 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": "Times of Saltby", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nWren Falke for Quay Press, 6 May 2024",
        "",
        {"title": "Kelp prices rise", "authors": ["Wren Falke"], "outlet": "Quay Press", "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke, Staff Writer, May 6, 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke in Saltby, May 6, 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke, Saltby, May 6, 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke, News Editor, May 6, 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke and Otto Star, May 6, 2024",
        "",
        {"authors": ["Wren Falke", "Otto Star"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nThe Hague, 6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke in The Hague, 6 May 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": "2024-05-06"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke\n\nThe Long Winter",
        "",
        {"authors": ["Wren Falke"], "outlet": None, "published": None},
    ),
    (
        "Kelp prices rise\n\nWorld News | 6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": None, "published": "2024-05-06"},
    ),
    (
        "The Long Winter — May 6, 2019",
        "",
        {"title": "The Long Winter — May 6, 2019", "outlet": None, "published": "2019-05"},
    ),
    (
        "Kelp prices rise\n\nBy Wren Falke, Quay Press, and Otto Brink, Saltby Post",
        "",
        {"authors": ["Wren Falke", "Otto Brink"], "outlet": None},
    ),
    ("Kelp prices rise\n\nBy May 6, 2024, all kelp was gone", "", {"authors": [], "outlet": None}),
    (
        "Kelp prices rise\n\nQuay Gazette\n6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": "Quay Gazette", "published": "2024-05-06"},
    ),
    ("Kelp prices rise\n\nBy Wren Falke (Quay Press)", "", {"authors": ["Wren Falke"], "outlet": "Quay Press"}),
    (
        "Kelp prices rise\n\nBy Wren Falke, Quay Press, updated May 7, 2024",
        "",
        {"authors": ["Wren Falke"], "outlet": "Quay Press", "updated": "2024-05-07"},
    ),
    (
        "Kelp prices rise\n\nThe Mayor, 6 May 2024",
        "",
        {"title": "Kelp prices rise", "outlet": None, "published": "2024-05-06"},
    ),
]
