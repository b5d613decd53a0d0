"""Lines as they stand among the paragraphs of pages: what a site put there, and what a reporter wrote. Invented."""

NOT_THE_STORY = """
Otto Star contributed reporting from Portmere.
Ida Brandt and Otto Star contributed additional research.
The span is lifted from the water on Tuesday. Ida Brandt / AFP via Getty Images
Cranes at the pier of Saltby. Photo by Ida Brandt for the Gazette
Wren Falke, who chairs the board, in May. Credit: Ida Brandt/The Gazette
The harbour office at night. Ida Brandt—Reuters
Read this next
Sign in to join the debate
Log in to reply
Need to know more? Sign up for Tides, our weekly look at the coast.
Get the Harbour Weekly, our email on ships.
Like this? Support local journalism with a donation.
Support public journalism today.
Listen to this story · 9 min
Listen to the article (3 min)
To comment on this article, write to letters@quaygazette.example
Otto Star is the harbour reporter of the Quay Gazette. Reach him at star@quaygazette.example.
Ida Brandt covers shipping. Follow her on X.
Quay Press receives support from private foundations for its coverage of the coast.
Quay Press’ climate and environmental coverage receives financial support from multiple private foundations. Find more.
Last updated 4 hours ago
All rights reserved by Quay Press.
All rights reserved. No part may be copied.
MORE: Map shows where the harbour wall broke
Most read in Football
Get daily Harbour news
For more stories from Saltby, check our news page.
Do you have a story to tell? Write to desk@quaygazette.example
Advertisement 2Story continues below
This is a breaking news story - more to follow
With reporting by Quay Press writer Otto Star
—Quay Press writer Otto Star in Portmere contributed to this report.
Subscribe now for £2 a month to keep reading.
Ida Brandt | Quay Pictures via Getty Images
[2/7]The pier of Saltby, May 7, 2024. REUTERS/Ida Brandt Purchase Licensing Rights
4 min
READ MORE: Ferry fares to rise
Read more: Ferry fares to rise in June
WATCH: Cranes lift the pier's last span
ALSO READ | Mayor of Portmere resigns
Must read: The last keeper of Saltby light
Most popular
Most Read
Trending Now
Top Stories
Latest News
Related Articles
You might also like
Recommended for you
Editor's Picks
More from News
More on this story
More stories
Sign up to our daily newsletter
Sign up for our free morning briefing and never miss a story.
Subscribe to the Quay Gazette newsletter for the best of the harbour in your inbox
Get our top stories delivered to your inbox every morning
Get breaking news alerts on your phone
Join our WhatsApp channel for the latest from Saltby
Follow us on Facebook and Instagram
Got a story? Email news@quaygazette.example
Do you have a tip? Contact our reporters at tips@quaygazette.example or call 0555 0100.
Have you been affected by the closure? Share your story with us: stories@quaygazette.example
Email: wren.falke@quaygazette.example
Contact the author at wren@quaygazette.example
If you have a story for us, email desk@quaygazette.example
To comment on this story, log in or register.
Please log in to leave a comment
Comments are closed.
12 Comments
View comments
Leave a comment
Join the conversation
Please be respectful in the comments and read our house rules.
This story is only available to subscribers.
To continue reading, subscribe or log in.
Subscribe to continue reading
To read the full story, sign in to your account
You have reached your limit of free articles.
You've read all your free articles this month
Already a member? Sign in
This content is exclusive to our members.
Please enable JavaScript to view the comments powered by Disqus.
Your browser is out of date. Please update it for a better experience.
We use cookies to improve your experience on our website.
This is a developing story. Check back for updates.
This is a breaking story and will be updated.
More to follow.
More to come...
With files from Quay Press
With files from Otto Star and The Canadian Quay
With additional reporting by Otto Star
Additional reporting by Otto Star and Ida Brandt
Otto Star contributed to this report.
Otto Star in Portmere and Ida Brandt in Harnby contributed to this article.
The Associated Press contributed to this report.
Quay Press reporter Otto Star contributed reporting to this story.
--The Associated Press contributed to this report
Reporting by Otto Star; Editing by Ida Brandt
This article was originally published by the Quay Press.
Originally published in The Saltby Observer
This article is republished from The Conversation under a Creative Commons license. Read the original article.
The pier at dusk. Photograph: Ida Brandt/Quay Pictures
The pier at dusk. Photo: Ida Brandt
A ferry leaves Saltby on Tuesday. (Photo by Ida Brandt/Getty Images)
A ferry leaves Saltby on Tuesday. (Ida Brandt/Quay Press via AP)
A ferry leaves Saltby [File: Ida Brandt/Reuters]
FILE - A ferry leaves Saltby, May 7, 2024. (AP Photo/Ida Brandt, File)
File photo: The pier at Saltby
Image source, Getty Images
Image caption, The pier has been closed since May
Image credit: Ida Brandt
Photo credit: Ida Brandt/Quay Press
Credit: Ida Brandt
Ida Brandt/Getty Images
Ida Brandt via Quay Press
REUTERS/Ida Brandt
AP Photo/Ida Brandt
Picture: Ida Brandt
Wren Falke / Quay Gazette
Courtesy of Ida Brandt
Photo courtesy of Saltby Harbour Board
Getty
Listen to this story
Listen (5 min)
5 min read
Share this article
Share on Facebook
Share
Save
Print
Copy link
Advertisement
ADVERTISEMENT
Advertisement - story continues below
Story continues below advertisement
Article continues after ad
Skip to main content
Skip past newsletter promotion
Back to top
Sponsored
Thank you for reading the Quay Gazette.
Support our journalism
Support independent journalism: become a member today
© 2024 Quay Gazette. All rights reserved.
Our Standards: The Quay Trust Principles.
Last updated: 9 May 2024
Tags: Saltby, Pier, Ferry
Topics
Filed under: Harbour
Report a typo
Have a correction? Let us know
Click here to read more
Loading...
Loading…
View Gallery
Close
Opens in new window
Watch the video below
This video cannot be played
Updated 2 hours ago
2 hours ago
Download our app
Follow @wrenfalke on X
For more on this story, visit our website
For the latest news, follow us on X
Read the full story here
Read the original article
""".strip().split("\n")

THE_STORY = r"""
All rights reserved to the county were sold in 1998.
All rights reserved for fishermen end in June, the board said.
Falke contributed reporting on the pier to two inquiries.
Otto Star contributed 40 pounds to the fund.
The hall was full. Credit is due to the cooks, she said.
It fell at nine. Photos by residents show the pier breaking.
To comment on the plan, residents can write to the board by 14 June.
Support for local journalism is falling, the survey found.
The charity receives support from private foundations in Portmere.
Quay Press received support from private foundations, the minister said.
Listen to the residents, Falke told the board for 20 minutes.
Reach him before the tide does, the captain told his crew.
Want more buses? The council will hear you on Monday.
Sign in at the desk before the meeting, residents were told.
Most read the report as a warning.
More from the mayor will be heard on Monday
Analysis: Why the pier matters
Watch: Ferry hits the pier
Credit: banks tighten their rules
Copyright law is changing, the minister said.
Dozens of scientists contributed to the report.
The storm contributed to this.
The ferry was late, he said (Reuters).
He works for a paper there (the Quay Gazette).
Picture-perfect day for the ferry
MUMBAI: The harbour board met on Monday
NASA: We did it
Video showed the ferry leaving the pier.
First published in 1851, the book sold out.
For more information about flood warnings, residents were told to call the council.
Support local shops, mayor says
By clicking on a link she lost her savings.
This site is being cleared for a new harbour, officials told the news agency.
Join us to keep the pier open, organisers say
Get ready for the worst storm of the year, the news said.
Related costs rose by a third.
Share prices fell by nine per cent.
Contact with the ferry was lost at nine.
Follow the money
Next: a vote in the county council
Your browser history may be sold, the court heard.
Comments by the mayor drew anger.
He wrote to us at the time.
The couple (Ida and Otto) left.
About 60% of voters (18/30) agreed.
Do you have news? she asked.
Save the pier
Send help, they wrote
Email records show that Falke knew of the cracks.
Report: Pier unsafe
With help from neighbours she rebuilt the shop.
With reporting obligations ahead, the board met.
Additional funding from the county was refused.
Falke: We knew of the cracks.
"Subscribe to the idea that the pier is dead? No," said Falke.
Log in, look around, leave: that is how Star describes the course.
Members only voted once.
Register of interests to be published
The board (Harbour Act 1847) may close the pier.
In Portmere, the mayor (Labour/Co-op) resigned.
Latest polls put Star ahead.
Top story of the year
Other news was worse.
In other news, the council met.
Ida Brandt of the Quay Gazette
Images of the ferry went around the world.
Photos show the ferry at the pier.
Loading of the ferry took an hour
Close the pier now
Most popular of all was the pie.
Print is not dead, editor says
More about this on Monday, she said.
Sign up, she told them.
""".strip().split("\n")
