import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="memberkey",
            name="since",
            field=models.DateTimeField(
                help_text="When it was linked; of a receipt, when it was handed in.", null=True
            ),
        ),
        migrations.AddField(
            model_name="party",
            name="hosts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=253),
                blank=True,
                db_default=[],
                help_text="Where links to a merchant may lead, besides its site's host; those below them too.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="party",
            name="site",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="A merchant's front page, such as https://shop.example/.",
                max_length=300,
            ),
        ),
    ]
