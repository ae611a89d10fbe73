import { Field, ID, ObjectType } from '@nestjs/graphql';

@ObjectType('Person', { description: 'A user as the others see them.' })
export class PersonModel {
  @Field(() => ID) id!: string;
  @Field({ description: 'Their own name, or the address where they have given none.' }) name!: string;
  @Field() email!: string;
}
